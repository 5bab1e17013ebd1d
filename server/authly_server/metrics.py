"""What Prometheus reads; the names are part of the seam between server, chart and dashboards."""

import functools
from collections.abc import Callable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest


CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# From a prepared document (under a millisecond) to the database's timeout of two seconds.
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0)


def of_maintenance(finished_at: float, seconds: float, removed: Mapping[str, int]) -> bytes:
    """The last maintenance run, in Prometheus' text format; `finished_at` is in Unix time.

    Of the instance and of no process: told once, however many there are.
    """
    registry = CollectorRegistry()
    last = Gauge(
        "authly_maintenance_last_run_timestamp_seconds",
        "When the last maintenance run ended",
        registry=registry,
    )
    took = Gauge("authly_maintenance_duration_seconds", "What it took", registry=registry)
    rows = Gauge(
        "authly_maintenance_removed_rows", "Rows that it removed", ("table",), registry=registry
    )
    last.set(finished_at)
    took.set(seconds)
    for table, count in removed.items():
        rows.labels(table).set(count)
    return generate_latest(registry)


class Metrics:
    """The metrics of one server process; `endpoint` is a name of the route table, never a path."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = self._counter(
            "requests", "Requests answered", "endpoint", "method", "status"
        )
        self.duration = Histogram(
            "authly_request_duration_seconds",
            "Time from a request's head to its response",
            ("endpoint",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.authorizations = self._counter(
            "oauth_authorizations", "Authorization requests by how they ended", "result"
        )
        self.tokens_issued = self._counter("tokens_issued", "Token responses", "grant_type")
        self.token_errors = self._counter("token_errors", "Refused token requests", "error")
        self.logout_notices = self._counter(
            "logout_notices", "Attempts to tell a client of a session's end", "outcome"
        )
        self.login_throttled = self._counter(
            "login_throttled", "Sign-ins refused unseen, by what had been tried too often", "by"
        )
        self.limits_shared = self._gauge(
            "limits_shared", "1 while limits are counted in Redis, 0 while by this process alone"
        )
        self.connections = self._gauge("db_connections_active", "Database connections in use")
        self.schema_revision = self._gauge("schema_revision", "Revision of the database's schema")

    def count_request(self, endpoint: str, method: str, status: int, seconds: float) -> None:
        """Count an answered request and how long that took."""
        requests, duration = self._series_of(endpoint, method, status)
        requests.inc()
        duration.observe(seconds)

    def count_issued(self, grant_type: str) -> None:
        """Count a token response; `grant_type` is one that is known."""
        self._issued_by(grant_type).inc()

    def watch_connections(self, count: Callable[[], int]) -> None:
        """Ask `count` for the connections in use at each scrape."""
        self.connections.set_function(count)

    def exposition(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self.registry)

    @functools.cache  # noqa: B019  # there is one for each process; looking series up is slow
    def _series_of(self, endpoint: str, method: str, status: int) -> tuple[Counter, Histogram]:
        requests = self.requests.labels(endpoint, method, str(status))
        return requests, self.duration.labels(endpoint)

    @functools.cache  # noqa: B019  # likewise
    def _issued_by(self, grant_type: str) -> Counter:
        return self.tokens_issued.labels(grant_type)

    def _counter(self, name: str, documentation: str, *labels: str) -> Counter:
        return Counter(f"authly_{name}", documentation, labels, registry=self.registry)

    def _gauge(self, name: str, documentation: str) -> Gauge:
        return Gauge(f"authly_{name}", documentation, registry=self.registry)
