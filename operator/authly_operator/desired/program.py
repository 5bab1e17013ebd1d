"""Containers of our own image: `authly-server` with one of its commands."""

from collections.abc import Sequence
from typing import Any, Final

from authly_operator.desired import pod
from authly_operator.desired.plan import Plan


JOB_RESOURCES: Final = {"requests": {"cpu": "50m", "memory": "128Mi"}}


def container(
    plan: Plan,
    command: str,
    environment: Sequence[pod.Part],
    resources: dict[str, Any],
    **more: Any,
) -> pod.Part:
    """The container that runs the command and is named after it."""
    return pod.container(
        command,
        plan.image,
        imagePullPolicy=plan.spec.image.pull_policy.value,
        args=[command],
        env=list(environment),
        resources=resources,
        **more,
    )
