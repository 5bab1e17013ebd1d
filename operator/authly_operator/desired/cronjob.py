"""What the CronJobs share: one run at a time, and a late run rather than none."""

from typing import Any, Final

from authly_operator import naming
from authly_operator.desired import metadata, migration_job, pod, program
from authly_operator.desired.plan import Plan
from authly_operator.observed import Manifest


_LATE_SECONDS: Final = 3600
"""How late a run may start; without it a CronJob gives up for ever after 100 missed runs."""
_HISTORY: Final = 3


def build(
    plan: Plan,
    name: str,
    component: naming.Component,
    container: pod.Part,
    *,
    deadline: int,
    volumes: tuple[pod.Part, ...] = (),
    **schedule: Any,
) -> Manifest:
    """A CronJob of one container; `deadline` in seconds, `schedule` the fields that say when."""
    job = {
        "backoffLimit": 2,
        "activeDeadlineSeconds": deadline,
        "podFailurePolicy": migration_job.failure_policy(container["name"]),
        "template": pod.template(
            plan,
            component,
            container,
            volumes=[*volumes, *program.volumes(plan)],
            restartPolicy="Never",
        ),
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": metadata.build(plan, name, component),
        "spec": {
            **schedule,
            "concurrencyPolicy": "Forbid",
            "startingDeadlineSeconds": _LATE_SECONDS,
            "successfulJobsHistoryLimit": _HISTORY,
            "failedJobsHistoryLimit": _HISTORY,
            "jobTemplate": {
                "metadata": {"labels": naming.selector(plan.name, component)},
                "spec": job,
            },
        },
    }
