"""Containers of our own image: `authly-server` with one of its commands."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from authly_operator.api import value
from authly_operator.desired import pod
from authly_operator.desired.plan import Plan


SERVE: Final = "serve"
"""The command that serves, and the name of its container."""
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
        env=[*environment, *(value.written(one) for one in plan.spec.extra_env)],
        resources=resources,
        **more,
    )


def image_of(deployment: Mapping[str, Any]) -> str | None:
    """The image of the replicas that an observed Deployment asks for."""
    containers = deployment["spec"]["template"]["spec"]["containers"]
    return next((str(one["image"]) for one in containers if one["name"] == SERVE), None)
