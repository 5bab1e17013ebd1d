"""What Prometheus reads of the operator."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest


CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """The metrics of one operator process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.reconciles = Counter(
            "authly_operator_reconciles",
            "Reconciliations by how they ended",
            ("kind", "outcome"),
            registry=self.registry,
        )
        self.duration = Histogram(
            "authly_operator_reconcile_duration_seconds",
            "Time that one reconciliation took",
            ("kind",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.writes = Counter(
            "authly_operator_child_writes",
            "Children that were created or brought back to what is desired",
            ("kind",),
            registry=self.registry,
        )
        self.leader = self._gauge("leader", "Whether this process holds the Lease")
        self.queue_length = self._gauge("queue_length", "Resources that wait for a worker")
        self.queue_age = self._gauge("queue_age_seconds", "Longest wait for a worker now")

    def watch_queue(self, length: Callable[[], float], age: Callable[[], float]) -> None:
        """Ask for the queue's length and age at each scrape."""
        self.queue_length.set_function(length)
        self.queue_age.set_function(age)

    def exposition(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self.registry)

    def _gauge(self, name: str, documentation: str) -> Gauge:
        return Gauge(f"authly_operator_{name}", documentation, registry=self.registry)
