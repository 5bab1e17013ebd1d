"""What Prometheus reads of the operator."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from typing_extensions import override


CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PREFIX: Final = "authly_operator"
_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Moments(Collector):
    """Moments of each server, as Unix times: a server that goes takes its series along."""

    def __init__(self, name: str, documentation: str, label: str) -> None:
        self._head = (f"{PREFIX}_{name}", documentation)
        self._labels = ("namespace", "name", label)
        self._known: dict[tuple[str, str], Mapping[str, datetime]] = {}

    def note(self, namespace: str, name: str, moments: Mapping[str, datetime]) -> None:
        """Tell these of the server from now on, and none that were told before."""
        self._known[namespace, name] = dict(moments)

    def forget(self, namespace: str, name: str) -> None:
        """The server is gone."""
        self._known.pop((namespace, name), None)

    @override
    def collect(self) -> Iterable[GaugeMetricFamily]:
        family = GaugeMetricFamily(*self._head, labels=self._labels)
        for server, moments in self._known.items():
            for what, moment in moments.items():
                family.add_metric((*server, what), moment.timestamp())
        yield family


class Metrics:
    """The metrics of one operator process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.reconciles = self._counter(
            "reconciles", "Reconciliations by how they ended", "kind", "outcome"
        )
        self.errors = self._counter(
            "reconcile_errors",
            "What went wrong with resources: the API server's reasons, and our own",
            "kind",
            "reason",
        )
        self.duration = Histogram(
            f"{PREFIX}_reconcile_duration_seconds",
            "Time that one reconciliation took",
            ("kind",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.writes = self._counter(
            "child_writes", "Children that were created or brought to what is desired", "kind"
        )
        self.drift = self._counter(
            "drift_corrected", "Children that others had edited or deleted, put back", "kind"
        )
        self.leader = self._gauge("leader", "Whether this process holds the Lease")
        self.queue_length = self._gauge("queue_length", "Resources that wait for a worker")
        self.queue_age = self._gauge("queue_age_seconds", "Longest wait for a worker now")
        self.signing_since = self._moments(
            "signing_key_active_timestamp_seconds", "Since when a server's key signs", "alg"
        )
        self.certificate_ends = self._moments(
            "certificate_end_timestamp_seconds",
            "When a certificate ends that a server relies on",
            "certificate",
        )

    def watch_queue(self, length: Callable[[], float], age: Callable[[], float]) -> None:
        """Ask for the queue's length and age at each scrape."""
        self.queue_length.set_function(length)
        self.queue_age.set_function(age)

    def forget(self, namespace: str, name: str) -> None:
        """A server is gone."""
        self.signing_since.forget(namespace, name)
        self.certificate_ends.forget(namespace, name)

    def exposition(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self.registry)

    def _counter(self, name: str, documentation: str, *labels: str) -> Counter:
        return Counter(f"{PREFIX}_{name}", documentation, labels, registry=self.registry)

    def _gauge(self, name: str, documentation: str) -> Gauge:
        return Gauge(f"{PREFIX}_{name}", documentation, registry=self.registry)

    def _moments(self, name: str, documentation: str, label: str) -> Moments:
        made = Moments(name, documentation, label)
        self.registry.register(made)
        return made
