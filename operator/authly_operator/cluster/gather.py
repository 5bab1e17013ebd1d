"""Read what there is around one resource; nothing here writes."""

import asyncio
import base64
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from authly_operator import naming
from authly_operator.cluster import client, discovery, errors, resources
from authly_operator.observed import ChildKey, SecretData, Waiting
from authly_operator.observed_clients import SecretSeen


Manifest = Mapping[str, Any]
_OF_OTHERS: Final = ",".join(naming.NOT_OF_SERVERS)
_UNKNOWN: Final = "this cluster does not know {}: install its definitions"


def selector(server: str) -> str:
    """The label selector of what the operator made for a server, and not for other resources."""
    return ",".join(
        (
            f"{naming.MANAGED_BY_LABEL}={naming.FIELD_MANAGER}",
            f"{naming.INSTANCE_LABEL}={server}",
            f"{naming.COMPONENT_LABEL} notin ({_OF_OTHERS})",
        )
    )


async def children(api: client.Client, namespace: str, server: str) -> dict[ChildKey, Manifest]:
    """Every child of a server by kind and name, with its status; Secrets too.

    Raises:
        errors.ClusterError: the API server did not answer one of the lists.
    """
    lists = await asyncio.gather(
        *(api.list_objects(each.kind, namespace, selector(server)) for each in resources.CHILDREN)
    )
    found = [child for one in lists for child in one]
    return {(child["kind"], child["metadata"]["name"]): child for child in found}


async def optional_children(
    api: client.Client, found: discovery.Discovery, namespace: str, server: str
) -> tuple[dict[ChildKey, Manifest], dict[str, str]]:
    """The same of the optional kinds, and why those are left out that cannot be had, by kind.

    Raises:
        errors.ClusterError: the API server did not answer.
    """
    children: dict[ChildKey, Manifest] = {}
    unavailable: dict[str, str] = {}
    for each in resources.OPTIONAL:
        why = await _unavailable(found, each)
        try:
            listed = [] if why else await api.list_objects(each.kind, namespace, selector(server))
        except errors.Refused as refused:
            listed, why = [], _unlistable(found, each, refused)
        children |= {(one["kind"], one["metadata"]["name"]): one for one in listed}
        unavailable |= {each.kind: why} if why else {}
    return children, unavailable


async def _unavailable(found: discovery.Discovery, each: resources.Resource) -> str:
    return "" if await found.serves(each.kind) else _UNKNOWN.format(each.api_version)


def _unlistable(
    found: discovery.Discovery, each: resources.Resource, refused: errors.Refused
) -> str:
    """Why the kind is left out; one that went since it was asked for is asked for again.

    Raises:
        errors.Refused: for another reason.
    """
    if refused.absent:
        found.forget()
        return _UNKNOWN.format(each.api_version)
    if refused.status != HTTPStatus.FORBIDDEN:
        raise refused
    return "this operator may not list them: upgrade the Helm release that it belongs to"


async def waiting(api: client.Client, namespace: str, server: str) -> tuple[Waiting, ...]:
    """The containers of a server's pods that do not run, and why."""
    pods = await api.list_objects("Pod", namespace, f"{naming.INSTANCE_LABEL}={server}")
    live = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
    return tuple(seen for pod in live for seen in waiting_of(pod))


def waiting_of(pod: Manifest) -> list[Waiting]:
    """The containers of a pod that do not run, and why; or why all of it was put out."""
    status = pod.get("status", {})
    if status.get("phase") == "Failed" and status.get("reason"):
        told = [(status["reason"], status.get("message", "").strip())]
    else:
        unscheduled = _unscheduled(status)
        told = [(one["reason"], one.get("message", "")) for one in unscheduled] + _stopped(status)
    metadata = pod["metadata"]
    component = metadata.get("labels", {}).get(naming.COMPONENT_LABEL, "")
    return [
        Waiting(component=component, pod=metadata["name"], reason=reason, message=message)
        for reason, message in told
    ]


def _stopped(status: Manifest) -> list[tuple[str, str]]:
    told = list[tuple[str, str]]()
    for container in (
        *status.get("initContainerStatuses", ()),
        *status.get("containerStatuses", ()),
    ):
        state = container.get("state", {})
        stopped = state.get("waiting") or _failed(state.get("terminated"))
        if stopped and stopped.get("reason") not in ("ContainerCreating", "PodInitializing"):
            before = container.get("lastState", {}).get("terminated", {})
            text = before.get("message") or stopped.get("message") or ""
            told.append((stopped.get("reason", "Waiting"), text.strip()))
    return told


def _unscheduled(status: Manifest) -> list[Manifest]:
    return [
        one
        for one in status.get("conditions", ())
        if one["type"] == "PodScheduled" and one["status"] == "False" and one.get("reason")
    ]


def _failed(terminated: Manifest | None) -> Manifest | None:
    return terminated if terminated and terminated.get("exitCode") else None


async def secret(api: client.Client, namespace: str, name: str) -> Manifest | None:
    """A Secret as it is, or None."""
    return await api.get("Secret", namespace, name)


def decoded(found: Manifest) -> SecretData:
    """The data of a Secret as text; a value that is no UTF-8 is read as absent."""
    return SecretData({key: _text(raw) for key, raw in (found.get("data") or {}).items()})


def seen(found: Manifest | None) -> SecretSeen | None:
    """A Secret with what tells whose it is."""
    if found is None:
        return None
    metadata = found["metadata"]
    owners = [one["uid"] for one in metadata.get("ownerReferences", ()) if one.get("controller")]
    return SecretSeen(
        data=decoded(found),
        owner_uid=owners[0] if owners else None,
        labels=metadata.get("labels", {}),
        annotations=metadata.get("annotations", {}),
        stored=found,
    )


def _text(raw: str) -> str:
    try:
        return base64.b64decode(raw).decode("utf-8")
    except ValueError:
        return ""
