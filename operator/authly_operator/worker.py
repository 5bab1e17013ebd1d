"""Workers: take a key, tell its story, and say when it is looked at again."""

import random  # noqa: TID251 - spreads timers, guards nothing
import time
from dataclasses import dataclass
from http import HTTPStatus

import structlog

from authly_operator import reconcile, telemetry, workqueue
from authly_operator.cluster import errors as cluster_errors, lease
from authly_operator.instance import errors as instance_errors
from authly_operator.reconcile import status
from authly_operator.reconcile.collaborators import Collaborators
from authly_operator.workqueue import Key, WorkQueue


log = telemetry.logger(__name__)


@dataclass(frozen=True, slots=True)
class Worker:
    """One of several that share a queue."""

    queue: WorkQueue
    tools: Collaborators

    async def run(self) -> None:
        """Work for ever.

        Raises:
            cluster.lease.Lost, instance.errors.StaleEpoch: another operator leads.
        """
        while True:
            key = await self.queue.get()
            try:
                with structlog.contextvars.bound_contextvars(**key._asdict()):
                    await self._measured(key)
            finally:
                self.queue.done(key)

    async def _measured(self, key: Key) -> None:
        started = time.monotonic()
        outcome = await self._once(key)
        seconds = time.monotonic() - started
        self.tools.metrics.reconciles.labels(key.kind, outcome).inc()
        self.tools.metrics.duration.labels(key.kind).observe(seconds)
        log.debug("reconciled", outcome=outcome, seconds=round(seconds, 3))

    async def _once(self, key: Key) -> str:
        try:
            after = await reconcile.STORIES[key.kind](self.tools, key)
        except (lease.Lost, instance_errors.StaleEpoch):
            raise
        except cluster_errors.ClusterError as error:
            asked = error.after if isinstance(error, cluster_errors.Unavailable) else 0.0
            seconds = self.queue.add_failed(key, asked)
            self.tools.metrics.errors.labels(key.kind, error.word).inc()
            log.warning("reconcile_failed", reason=str(error), again_in_seconds=seconds)
            await self._tell(key, error)
            return "failed"
        except Exception as error:
            self.tools.metrics.errors.labels(key.kind, type(error).__name__).inc()
            # A defect of one story must not stop the others; it is told with its trace.
            seconds = self.queue.add_failed(key)
            log.exception("reconcile_crashed", again_in_seconds=seconds)
            return "crashed"
        self.queue.forget(key)
        if after is not None:
            self.queue.add_after(key, after * (1 - workqueue.SPREAD * random.random()))  # noqa: S311
        return "done"

    async def _tell(self, key: Key, error: cluster_errors.ClusterError) -> None:
        """A right that lacks is told in the resource: nothing else about it is found out."""
        if not isinstance(error, cluster_errors.Refused) or error.status != HTTPStatus.FORBIDDEN:
            return
        try:
            await status.tell_forbidden(self.tools, key, str(error))
        except cluster_errors.ClusterError as failure:
            log.warning("refusal_not_told", reason=str(failure))
