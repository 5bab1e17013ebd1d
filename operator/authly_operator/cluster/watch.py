"""Watch the operator's children by their labels, metadata only: no Secret's data is ever loaded."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import structlog

from authly_operator import naming
from authly_operator.cluster import client, discovery, errors, resources
from authly_operator.cluster.selection import Selection


SELECTOR: Final = f"{naming.MANAGED_BY_LABEL}={naming.FIELD_MANAGER}"
WATCH_SECONDS: Final = 300
SILENCE_SECONDS: Final = 90.0
"""A bookmark comes about every minute; later than this, the connection is taken for dead."""
RETRY_SECONDS: Final = (1.0, 2.0, 5.0, 10.0)
_PATIENCE: Final = 3
"""Failures in a row after which the version is no longer trusted."""
_KEPT: Final = ("name", "namespace", "uid", "resourceVersion", "labels", "ownerReferences")

Metadata = Mapping[str, Any]
Notify = Callable[[str, Metadata], None]
"""Takes the kind and the metadata (the fields of _KEPT) of a child that came, changed or went.

Of one that went the resourceVersion is empty."""

log = structlog.get_logger(__name__)


async def children(
    found: discovery.Discovery, namespaces: Collection[str | None], notify: Notify
) -> None:
    """Watch every kind of child in each of the namespaces, None being all of them; for ever.

    Optional kinds are watched while the cluster knows them.
    """
    async with asyncio.TaskGroup() as group:
        for namespace in namespaces:
            for kind in resources.CHILDREN:
                group.create_task(Watch(found.api, kind.kind, namespace, notify).run())
            for kind in resources.OPTIONAL:
                watch = Watch(found.api, kind.kind, namespace, notify, optional=found)
                group.create_task(watch.run())


@dataclass(slots=True)
class Watch:
    """One kind in one namespace, or in all of them where namespace is None.

    It is about the operator's children; about one object, where `name` is given, and `selector` is
    then empty.
    `notify` is called once for each child that was there at the start, and for every change that
    came since, also those that no event told of because the watch was broken.
    """

    api: client.Client
    kind: str
    namespace: str | None
    notify: Notify
    silence: float = SILENCE_SECONDS
    selector: str = SELECTOR
    name: str = ""
    optional: discovery.Discovery | None = None
    """Who tells whether the cluster knows the kind; None where it always does."""
    _version: str = ""
    _known: dict[tuple[str, str], Metadata] = field(default_factory=dict)
    _failures: int = 0

    async def run(self) -> None:
        """List, then follow, for ever; a broken connection is taken up where it broke."""
        while True:
            try:
                await self._until_served()
                await self._follow()
                self._failures = 0
                wait = RETRY_SECONDS[0]
            except errors.ClusterError as failure:
                wait = self._forgive(failure)
            await asyncio.sleep(wait)

    @property
    def _chosen(self) -> Selection:
        return Selection(labels=self.selector, name=self.name)

    async def _until_served(self) -> None:
        while self.optional is not None and not await self.optional.serves(self.kind):
            self._lose()
            await asyncio.sleep(self.optional.seconds)

    def _lose(self) -> None:
        """The kind is gone, and every object of it."""
        self._version = ""
        for metadata in self._known.values():
            self.notify(self.kind, _gone(metadata))
        self._known.clear()

    async def _follow(self) -> None:
        if not self._version:
            await self._list()
        watching = self.api.watch_metadata(
            self.kind,
            self.namespace,
            self._chosen,
            self._version,
            seconds=WATCH_SECONDS,
            silence=self.silence,
        )
        async with watching as events:
            async for event in events:
                self._failures = 0
                metadata = event["object"]["metadata"]
                self._version = metadata["resourceVersion"]
                self._take(event["type"], metadata)

    async def _list(self) -> None:
        """Take all that there is; what was known and is not there any more went unseen."""
        found, version = await self.api.list_metadata(self.kind, self.namespace, self._chosen)
        present = {_key(metadata) for metadata in found}
        for key in self._known.keys() - present:
            self.notify(self.kind, _gone(self._known.pop(key)))
        for metadata in found:
            known = self._known.get(_key(metadata), {})
            if known.get("resourceVersion") != metadata["resourceVersion"]:
                self._take("ADDED", metadata)
        self._version = version

    def _take(self, kind_of_event: str, metadata: Metadata) -> None:
        if kind_of_event == "BOOKMARK":
            return
        kept: Metadata = {name: metadata[name] for name in _KEPT if name in metadata}
        if kind_of_event == "DELETED":
            self._known.pop(_key(metadata), None)
            kept = _gone(kept)
        else:
            self._known[_key(metadata)] = kept
        self.notify(self.kind, kept)

    def _forgive(self, failure: errors.ClusterError) -> float:
        """Log what is no matter of course, and continue or begin anew in that many seconds."""
        self._failures += 1
        self._judge(failure)
        asked = failure.after if isinstance(failure, errors.Unavailable) else 0.0
        return max(asked, RETRY_SECONDS[min(self._failures, len(RETRY_SECONDS) - 1)])

    def _judge(self, failure: errors.ClusterError) -> None:
        refused = failure if isinstance(failure, errors.Refused) else None
        gone = refused is not None and refused.absent and self.optional is not None
        if self.optional is not None and gone:
            self.optional.forget()
        if isinstance(failure, errors.Refused) or self._failures >= _PATIENCE:
            self._version = ""  # too old (410), or from before a restore of etcd: list anew
        if gone or (refused is not None and refused.expired):
            return
        # A connection that broke once is taken up again; the API server itself breaks some.
        tell = log.warning if refused is not None or self._failures >= _PATIENCE else log.debug
        tell("watch_broken", kind=self.kind, namespace=self.namespace, error=str(failure))


def _key(metadata: Metadata) -> tuple[str, str]:
    return metadata.get("namespace", ""), metadata["name"]


def _gone(metadata: Metadata) -> Metadata:
    return {**metadata, "resourceVersion": ""}
