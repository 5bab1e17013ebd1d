"""Containers of our own image: `authly-server` with one of its commands."""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, Final

from authly_operator import naming
from authly_operator.api import value
from authly_operator.desired import pod
from authly_operator.desired.plan import Plan
from authly_operator.material import database_url


SERVE: Final = "serve"
"""The command that serves, and the name of its container."""
_FILE: Final = PurePosixPath(database_url.AUTHORITY_FILE)
_TRUST: Final = {"name": "database-ca", "mountPath": str(_FILE.parent), "readOnly": True}
JOB_RESOURCES: Final = {"requests": {"cpu": "50m", "memory": "128Mi"}}


def container(
    plan: Plan,
    command: str,
    environment: Sequence[pod.Part],
    resources: dict[str, Any],
    *,
    mounts: Sequence[pod.Part] = (),
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
        mounts=[*mounts, *trust(plan)],
        **more,
    )


def trust(plan: Plan) -> list[pod.Part]:
    """Where that is mounted by which the database is trusted, where there is such a thing."""
    return [_TRUST] if _verifies(plan) else []


def volumes(plan: Plan) -> list[pod.Part]:
    """The volume with what every program trusts its database by, where there is such a thing."""
    if not _verifies(plan):
        return []
    items = [{"key": database_url.AUTHORITY, "path": _FILE.name}]
    source = {"secretName": naming.credentials(plan.name), "defaultMode": 0o440, "items": items}
    return [{"name": _TRUST["name"], "secret": source}]


def _verifies(plan: Plan) -> bool:
    return database_url.AUTHORITY in plan.material.credentials


def image_of(deployment: Mapping[str, Any]) -> str | None:
    """The image of the replicas that an observed Deployment asks for."""
    containers = deployment["spec"]["template"]["spec"]["containers"]
    return next((str(one["image"]) for one in containers if one["name"] == SERVE), None)
