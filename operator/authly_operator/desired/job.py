"""What all Jobs but the migration's share: a pod of our image that is tried three times."""

from typing import Any, Final

from authly_operator import naming
from authly_operator.desired import migration_job, pod, program
from authly_operator.desired.plan import Plan


_RETRIES: Final = 2


def spec(
    plan: Plan,
    component: naming.Component,
    container: pod.Part,
    *,
    deadline: int,
    volumes: tuple[pod.Part, ...] = (),
    before: tuple[pod.Part, ...] = (),
) -> pod.Part:
    """The spec of a Job of one container, after those of `before`; `deadline` in seconds."""
    more: dict[str, Any] = {"initContainers": list(before)} if before else {}
    return {
        "backoffLimit": _RETRIES,
        "activeDeadlineSeconds": deadline,
        "podFailurePolicy": migration_job.failure_policy(None if before else container["name"]),
        "template": pod.template(
            plan,
            component,
            container,
            volumes=[*volumes, *program.volumes(plan)],
            restartPolicy="Never",
            **more,
        ),
    }
