"""Leadership by a coordination.k8s.io Lease, as client-go elects: one writer, and an epoch.

What keeps two from leading at once: every write of the Lease carries the resourceVersion that was
read, so one of two candidates wins. The holder counts from the moment before it sent its last
renewal and stops `deadline` seconds later; the others wait until the Lease did not change for the
longer `duration`, each by its own clock (clocks of machines are never compared). A holder that
finds the Lease deleted or somebody else's stops at once; and so does one that finds it at a lower
resourceVersion than it wrote: etcd was restored, and whatever its process knows is of a future
that did not come.

What is left over is fenced by the epoch: a holder that was suspended between `check` and a write
may still send it, and where a held Lease is deleted by hand while a new candidate starts, the old
holder leads until its next renewal. Whoever saw a later epoch refuses the write of an earlier one.
"""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import structlog

from authly_operator import naming
from authly_operator.clock import Clock
from authly_operator.cluster import client, errors


_START: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH: Final = re.compile(r"[0-9]{1,18}")
"""What a bigint of PostgreSQL holds in any case."""
_TIME: Final = "%Y-%m-%dT%H:%M:%S.%fZ"

log = structlog.get_logger(__name__)


class Lost(Exception):  # noqa: N818 - says what happened
    """The Lease is somebody else's, or could not be renewed in time: stop writing at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Seconds; the defaults are client-go's.

    Attributes:
        duration: how long the others wait while the Lease does not change.
        deadline: how long the holder leads after its last renewal was sent.
        renew: between two renewals of the holder, and between two looks of a candidate.
        attempt: how long one look, with the write that follows it, may take.
    """

    duration: int = 15
    deadline: float = 10.0
    renew: float = 2.0
    attempt: float = 4.0

    def __post_init__(self) -> None:
        if not self.renew + self.attempt < self.deadline < self.duration:
            message = "a Lease needs renew + attempt < deadline < duration"
            raise ValueError(message)


def elapsed() -> float:
    """Seconds since some moment, those included in which the machine was suspended."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@dataclass(frozen=True, slots=True)
class _Sight:
    """A version of the Lease, when it was seen first, and for how many seconds it holds."""

    version: str
    since: float
    seconds: float


@dataclass(slots=True)
class Lease:
    """One candidate for one Lease, with a client of its own so that no other request delays it.

    `identity` must be this process's alone: a pod's name and random digits, not the name only.
    """

    api: client.Client
    namespace: str
    name: str
    identity: str
    clock: Clock
    timing: Timing = Timing()
    elapsed: Callable[[], float] = elapsed
    _epoch: int = 0
    _renewed: float | None = None
    _written: int = 0
    """The resourceVersion that the last write was answered with."""
    _sight: _Sight | None = None

    async def acquire(self) -> int:
        """Wait until the Lease is ours, and answer its epoch, higher than every earlier one."""
        while not await self._attempted(self._take, self.timing.attempt):  # noqa: ASYNC110 - from afar
            await asyncio.sleep(self.timing.renew)
        log.info("lease_acquired", lease=self._place, identity=self.identity, epoch=self._epoch)
        return self._epoch

    async def hold(self) -> None:
        """Renew until cancelled.

        Raises:
            Lost: another holds it, it was deleted, or no renewal succeeded in time; `duration`
                minus `deadline` seconds are left to stop in.
        """
        while True:
            await asyncio.sleep(min(self.timing.renew, self._left))
            self.check()
            await self._attempted(self._renew, min(self.timing.attempt, self._left))

    def check(self) -> int:
        """Answer the epoch to write with now.

        Raises:
            Lost: it is not ours, or the last renewal is too long ago.
        """
        if self._left <= 0:
            raise Lost(f"the Lease {self._place} could not be renewed in time")  # noqa: EM102
        return self._epoch

    async def release(self) -> None:
        """Give the Lease up once nothing is written any more, so that the next need not wait.

        Failure is harmless: the others then wait for the Lease's duration.
        """
        if self._renewed is None:
            return
        given_up = await self._attempted(self._give_up, self.timing.attempt)
        self._renewed = None
        log.info("lease_released", lease=self._place, identity=self.identity, told=given_up)

    @property
    def _place(self) -> str:
        return f"{self.namespace}/{self.name}"

    @property
    def _left(self) -> float:
        """Seconds for which we lead without another renewal; 0 where we do not."""
        if self._renewed is None:
            return 0.0
        return max(0.0, self._renewed + self.timing.deadline - self.elapsed())

    async def _attempted(self, action: Callable[[], Awaitable[bool]], seconds: float) -> bool:
        """Whether the action wrote the Lease; the deadline counts from before it was sent."""
        began = self.elapsed()
        try:
            async with asyncio.timeout(seconds):
                written = await action()
        except (errors.ClusterError, TimeoutError) as failure:
            reason = str(failure) or "no answer in time"
            log.warning("lease_not_written", lease=self._place, error=reason)
            return False
        if written:
            self._renewed = began
        return written

    async def _take(self) -> bool:
        found = await self.api.get("Lease", self.namespace, self.name)
        if found is not None and not self._is_free(found):
            return False
        if found is None and not self._is_over():
            return False  # it was deleted, and its holder may not have noticed yet
        epoch = max(self._epoch + 1, (self.clock.now() - _START) // timedelta(microseconds=1))
        await self._write(found, epoch)
        self._epoch = epoch
        return True

    async def _renew(self) -> bool:
        found = await self.api.get("Lease", self.namespace, self.name)
        if found is None or not self._is_ours(found):
            holder = "deleted" if found is None else f"taken by {_holder(found) or 'nobody'}"
            self._renewed = None
            raise Lost(f"the Lease {self._place} was {holder}")  # noqa: EM102
        if _version(found) < self._written:
            self._renewed = None
            raise Lost(f"the Lease {self._place} went back in time: etcd was restored")  # noqa: EM102
        await self._write(found, self._epoch)
        return True

    async def _give_up(self) -> bool:
        found = await self.api.get("Lease", self.namespace, self.name)
        if found is None or not self._is_ours(found):
            return False
        await self.api.replace({**found, "spec": {**found["spec"], "holderIdentity": ""}})
        return True

    def _is_ours(self, found: dict[str, Any]) -> bool:
        return _holder(found) == self.identity and _epoch(found) == self._epoch

    def _is_free(self, found: dict[str, Any]) -> bool:
        """Whether nobody holds it, or we do (whose answer was lost), or its holder went silent."""
        self._epoch = max(self._epoch, _epoch(found))
        version = found["metadata"]["resourceVersion"]
        if self._sight is None or self._sight.version != version:
            seconds = found["spec"].get("leaseDurationSeconds") or self.timing.duration
            self._sight = _Sight(version, self.elapsed(), seconds)
        return _holder(found) in ("", self.identity) or self._is_over()

    def _is_over(self) -> bool:
        """Whether the Lease that was seen last, if any was, did not change for its duration."""
        sight = self._sight
        return sight is None or self.elapsed() - sight.since > sight.seconds

    async def _write(self, found: dict[str, Any] | None, epoch: int) -> None:
        spec = (found or {}).get("spec", {})
        now = self.clock.now().strftime(_TIME)
        if found is None or not self._is_ours(found):
            transitions = (spec.get("leaseTransitions") or 0) + 1 if found else 0
            spec = {**spec, "acquireTime": now, "leaseTransitions": transitions}
        metadata = (found or {}).get("metadata", {"name": self.name, "namespace": self.namespace})
        annotations = {**metadata.get("annotations", {}), naming.EPOCH_ANNOTATION: str(epoch)}
        manifest = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {**metadata, "annotations": annotations},
            "spec": {
                **spec,
                "holderIdentity": self.identity,
                "leaseDurationSeconds": self.timing.duration,
                "renewTime": now,
            },
        }
        written = await (self.api.replace(manifest) if found else self.api.create(manifest))
        self._written = _version(written)


def _version(found: dict[str, Any]) -> int:
    """The resourceVersion, which grows (Kubernetes 1.35, API concepts); 0 where it is no number."""
    text = str(found["metadata"].get("resourceVersion", ""))
    return int(text) if text.isdecimal() else 0


def _holder(found: dict[str, Any]) -> str:
    return str(found["spec"].get("holderIdentity") or "")


def _epoch(found: dict[str, Any]) -> int:
    """The epoch that the Lease bears; 0 where it has none, or one that was tampered with."""
    text = found["metadata"].get("annotations", {}).get(naming.EPOCH_ANNOTATION, "")
    return int(text) if _EPOCH.fullmatch(text) else 0
