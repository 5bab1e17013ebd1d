"""The composition root: settings -> API server -> Lease -> watches, queue and workers.

Only the holder of the Lease does anything. Whoever loses it ends at once with status 1, and the
kubelet starts it again as a candidate.
"""

import asyncio
import signal
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import aiohttp

from authly_operator import entropy, naming, observed, observer, probes, telemetry
from authly_operator.clock import SystemClock
from authly_operator.cluster import (
    accounts,
    apply,
    client,
    discovery,
    errors,
    lease,
    named,
    recent_reads,
    versions,
    watch,
)
from authly_operator.dependants import Dependants
from authly_operator.instance import errors as instance_errors, registry
from authly_operator.metrics import Metrics
from authly_operator.reconcile import calm
from authly_operator.reconcile.collaborators import Collaborators
from authly_operator.references import References, Target
from authly_operator.settings import Settings
from authly_operator.worker import Worker
from authly_operator.workqueue import Key, WorkQueue


LONGEST_WAIT: Final = 600.0
"""Seconds that a resource may wait for a worker before the kubelet is asked for a restart."""
COUNTING_SECONDS: Final = 10.0
"""How soon a server tells of clients that came, went or became Ready: of all of them at once."""
_OWNERS: Final = frozenset({"AuthlyClient", "AuthlyBackup", "AuthlyRestore"})
log = telemetry.logger(__name__)


@dataclass(frozen=True, slots=True)
class Process:
    """What lives as long as the process; `stop` is set when it is asked to end."""

    settings: Settings
    metrics: Metrics
    queue: WorkQueue
    stop: asyncio.Event


async def run(settings: Settings) -> int:
    """Run until SIGTERM or SIGINT (0), or until the Lease or the watching is lost (1)."""
    telemetry.configure(settings.log_level)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    metrics, queue = Metrics(), WorkQueue(time.monotonic)
    metrics.watch_queue(lambda: len(queue), queue.age)
    serving = probes.serve(
        health=lambda: _health(queue),
        measured=metrics,
        health_port=settings.health_port,
        metrics_port=settings.metrics_port,
    )
    # Connections of its own: no other request may delay a renewal.
    api = await client.Client.connect(settings.kubeconfig)
    try:
        async with serving:
            return await _stand(Process(settings, metrics, queue, stop), api)
    finally:
        registry.close()
        await api.close()


async def _stand(process: Process, lease_api: client.Client) -> int:
    """Wait for the Lease, lead, and give the Lease up in the end."""
    settings = process.settings
    identity = f"{settings.pod_name}_{entropy.draw(4).hex()}"
    election = lease.Lease(
        lease_api, settings.operator_namespace, settings.lease_name, identity, SystemClock()
    )
    api = await client.Client.connect(settings.kubeconfig, fence=election.check)
    try:
        return await _take_office(process, election, api)
    finally:
        await api.close()


async def _take_office(process: Process, election: lease.Lease, api: client.Client) -> int:
    log.info("waiting_for_lease", lease=election.name, candidate=election.identity)
    if not await _unless_stopped(process.stop, election.acquire()):
        return 0
    process.metrics.leader.set(1)
    try:
        await _lead(process, election, api)
    except (lease.Lost, observer.Ended, instance_errors.StaleEpoch) as error:
        log.critical("stopped_leading", reason=str(error))
        return 1
    finally:
        process.metrics.leader.set(0)
        await election.release()
    log.info("stopped")
    return 0


async def _lead(process: Process, election: lease.Lease, api: client.Client) -> None:
    """Reconcile until the first of all tasks ends.

    Raises:
        cluster.lease.Lost: the Lease is somebody else's.
        observer.Ended: custom resources are watched no more.
        instance.errors.StaleEpoch: a database has seen a later leader.
    """
    dependants, references = Dependants(), References()
    recent, looked_at = recent_reads.RecentReads(api, time.monotonic), versions.Versions()

    def notice(key: Key, body: Mapping[str, Any] | None) -> None:
        recent.forget(*key)
        dependants.note(key, body)
        references.note(key, body)
        if body is None:
            looked_at.forget(key)
        if body is None or looked_at.is_news(key, key.kind, body["metadata"]):
            process.queue.add(key)
        for server in dependants.news():
            if process.settings.looks_after(server.namespace):  # others belong to other operators
                process.queue.add_after(server, COUNTING_SECONDS)

    await _learn(api, process.settings.namespaces or (None,), dependants)
    async with (
        aiohttp.ClientSession() as http,
        observer.observing(notice, process.settings.namespaces, _kinds(api)) as ended,
    ):
        tools = _collaborators(
            process,
            api,
            recent=recent,
            looked_at=looked_at,
            http=http,
            dependants=dependants,
            epoch=election.check,
        )
        workers = [Worker(process.queue, tools).run() for _ in range(process.settings.workers)]
        await _first_of(
            _until(ended),
            election.hold(),
            _until_set(process.stop),
            _watch(process, tools),
            _follow(process, tools, references),
            *workers,
        )


async def _learn(
    api: client.Client, namespaces: Iterable[str | None], dependants: Dependants
) -> None:
    """Know every client before any event comes: else a server would count them as they arrive."""
    try:
        for namespace in namespaces:
            for body in await api.list_objects("AuthlyClient", namespace):
                metadata = body["metadata"]
                dependants.note(Key("AuthlyClient", metadata["namespace"], metadata["name"]), body)
    except errors.ClusterError as error:
        log.warning("clients_not_known_yet", reason=str(error))


def _kinds(api: client.Client) -> observer.Kinds:
    return lambda: api.served_kinds(naming.API_VERSION)


def _collaborators(
    process: Process,
    api: client.Client,
    *,
    recent: recent_reads.RecentReads,
    looked_at: versions.Versions,
    http: aiohttp.ClientSession,
    dependants: Dependants,
    epoch: Callable[[], int],
) -> Collaborators:
    return Collaborators(
        api=api,
        recent=recent,
        looked_at=looked_at,
        discovery=discovery.Discovery(api),
        accounts=accounts.Accounts(api),
        applier=apply.Applier(api),
        http=http,
        clock=SystemClock(),
        draw=entropy.draw,
        draw_rsa_key=entropy.draw_rsa_key,
        settings=_observed(process.settings),
        epoch=epoch,
        wake=process.queue.add,
        wake_later=lambda key: process.queue.add_after(key, COUNTING_SECONDS),
        calm=calm.Calm(calm.SECONDS),
        dependants=dependants,
        metrics=process.metrics,
    )


async def _watch(process: Process, tools: Collaborators) -> None:
    """A child that changed wakes its resource, also where somebody just took its labels."""

    def notify(kind: str, metadata: Mapping[str, Any]) -> None:
        tools.recent.forget(kind, metadata["namespace"], metadata["name"])
        key = owner(metadata)
        if key is not None and tools.looked_at.is_news(key, kind, metadata):
            tools.calm.disturb(key)
            process.queue.add(key)

    await watch.children(tools.discovery, process.settings.namespaces or (None,), notify)


async def _follow(process: Process, tools: Collaborators, references: References) -> None:
    """What somebody else wrote, and a client refers to, wakes the client when it changes."""

    def notify(target: Target) -> None:
        for key in references.of(target):
            process.queue.add(key)

    await named.follow(tools.discovery, references, notify)


def owner(metadata: Mapping[str, Any]) -> Key | None:
    """Whose child it is: a server's by its instance label, others' by owner reference."""
    labels = metadata.get("labels") or {}
    namespace = metadata["namespace"]
    if labels.get(naming.COMPONENT_LABEL) not in naming.NOT_OF_SERVERS:
        server = labels.get(naming.INSTANCE_LABEL)
        return Key("AuthlyServer", namespace, server) if server else None
    for reference in metadata.get("ownerReferences", ()):
        if reference["kind"] in _OWNERS:
            return Key(reference["kind"], namespace, reference["name"])
    return None


def _observed(settings: Settings) -> observed.Settings:
    return observed.Settings(
        server_image=settings.server_image,
        database_image=settings.database_image,
        redis_image=settings.redis_image,
        operator_namespace=settings.operator_namespace,
        restart_consumers=settings.restart_consumers,
        last_backup_seconds=settings.last_backup_seconds,
    )


def _health(queue: WorkQueue) -> str | None:
    waited = queue.age()
    return f"a resource waits for {waited:.0f} s" if waited > LONGEST_WAIT else None


async def _unless_stopped(stop: asyncio.Event, work: Coroutine[Any, Any, object]) -> bool:
    """Whether the work ended before the process was asked to stop."""
    await _first_of(work, _until_set(stop))
    return not stop.is_set()


async def _first_of(*each: Coroutine[Any, Any, object]) -> None:
    """Run all until the first one ends, cancel the others, and raise what the first one raised."""
    tasks = [asyncio.ensure_future(one) for one in each]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=5)
    for task in done:
        task.result()


async def _until(future: "asyncio.Future[None]") -> None:
    await future


async def _until_set(event: asyncio.Event) -> None:
    await event.wait()
