"""A Job that runs once: how far it is, and what its containers said in the end."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from authly_operator import naming
from authly_operator.cluster import client, gather
from authly_operator.observed import job_state
from authly_operator.observed_backups import Run, Span


_JOB_LABEL: Final = "batch.kubernetes.io/job-name"

Manifest = Mapping[str, Any]


async def find(api: client.Client, namespace: str, name: str) -> Run:
    """The Job of that name with what its pods tell.

    Raises:
        errors.ClusterError: the API server did not answer.
    """
    job = await api.get("Job", namespace, name)
    if job is None:
        return Run()
    pods = await api.list_objects("Pod", namespace, f"{_JOB_LABEL}={name}")
    pods.sort(key=lambda pod: str(pod["metadata"].get("creationTimestamp")), reverse=True)
    return Run(
        job=job,
        state=job_state(job),
        ended=_ended(job),
        waiting=tuple(one for pod in pods for one in gather.waiting_of(pod)),
        last_lines=tuple(line for pod in pods for line in _last_lines(pod)),
        containers=dict(_spans(pods[0])) if pods else {},
    )


async def select(
    api: client.Client, namespace: str, server: str, *components: naming.Component
) -> list[dict[str, Any]]:
    """The Jobs of a server's components, those of CronJobs too.

    Raises:
        errors.ClusterError: the API server did not answer.
    """
    names = ",".join(component.value for component in components)
    selector = f"{naming.INSTANCE_LABEL}={server},{naming.COMPONENT_LABEL} in ({names})"
    return await api.list_objects("Job", namespace, selector)


def _ended(job: Manifest) -> str | None:
    conditions = (job.get("status") or {}).get("conditions") or ()
    final = (one for one in conditions if one["type"] in ("Complete", "Failed"))
    return next((one["lastTransitionTime"] for one in final if one["status"] == "True"), None)


def _last_lines(pod: Manifest) -> list[str]:
    ended = [state.get("terminated") or {} for _, state in _states(pod)]
    return [one["message"] for one in ended if one.get("exitCode") == 0 and one.get("message")]


def _spans(pod: Manifest) -> Iterator[tuple[str, Span]]:
    for name, state in _states(pod):
        ended, running = state.get("terminated") or {}, state.get("running") or {}
        begun = ended.get("startedAt") or running.get("startedAt")
        if begun:
            succeeded = ended.get("exitCode") == 0
            yield name, Span(begun=begun, over=ended.get("finishedAt") if succeeded else None)


def _states(pod: Manifest) -> list[tuple[str, Manifest]]:
    """Each container's name and state, the main ones first."""
    status = pod.get("status") or {}
    kinds = ("containerStatuses", "initContainerStatuses")
    seen = [one for kind in kinds for one in status.get(kind) or ()]
    return [(one["name"], one.get("state") or {}) for one in seen]
