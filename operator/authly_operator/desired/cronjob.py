"""What the CronJobs share: one run at a time, and a late run rather than none."""

from typing import Any, Final

from authly_operator import naming
from authly_operator.desired import job, metadata, pod
from authly_operator.desired.plan import Plan
from authly_operator.observed import Manifest


LATE_SECONDS: Final = 3600
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
    before: tuple[pod.Part, ...] = (),
    **schedule: Any,
) -> Manifest:
    """A CronJob of one container, after those of `before`.

    `deadline` in seconds, `schedule` the fields that say when.
    """
    work = job.spec(plan, component, container, deadline=deadline, volumes=volumes, before=before)
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": metadata.build(plan, name, component),
        "spec": {
            **schedule,
            "concurrencyPolicy": "Forbid",
            "startingDeadlineSeconds": LATE_SECONDS,
            "successfulJobsHistoryLimit": _HISTORY,
            "failedJobsHistoryLimit": _HISTORY,
            "jobTemplate": {
                "metadata": {"labels": naming.selector(plan.name, component)},
                "spec": work,
            },
        },
    }
