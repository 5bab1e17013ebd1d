"""What Prometheus reads; the names are part of the seam between server, chart and dashboards."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from typing_extensions import override


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


class _Durations:
    """How long an endpoint's requests took: how many in each bucket, and altogether."""

    __slots__ = ("buckets", "seconds")

    def __init__(self) -> None:
        self.buckets = [0] * (len(_SECONDS) + 1)
        self.seconds = 0.0


class Tally:
    """The answered requests of an endpoint and a method."""

    __slots__ = ("_durations", "by_status")

    def __init__(self, durations: _Durations) -> None:
        self._durations = durations
        self.by_status: defaultdict[int, int] = defaultdict(int)

    def count(self, status: int, seconds: float) -> None:
        """Count an answered request and how long that took."""
        self.by_status[status] += 1
        durations = self._durations
        durations.buckets[bisect_left(_SECONDS, seconds)] += 1
        durations.seconds += seconds


class _Figures(Collector):
    """What each request changes: plain numbers, made into series when somebody asks.

    Prometheus' own objects take a lock for each, which nobody contends for: all requests are
    answered by one thread, which is the one that is asked as well.
    """

    def __init__(self) -> None:
        self.issued: defaultdict[str, int] = defaultdict(int)
        self._durations: dict[str, _Durations] = {}
        self._tallies: dict[tuple[str, str], Tally] = {}

    def tally(self, endpoint: str, method: str) -> Tally:
        """Where the requests of that endpoint and method are counted."""
        durations = self._durations.setdefault(endpoint, _Durations())
        return self._tallies.setdefault((endpoint, method), Tally(durations))

    @override
    def collect(self) -> Iterator[Metric]:
        yield self._answered()
        yield self._took()
        yield self._issued()

    def _answered(self) -> Metric:
        labels = ("endpoint", "method", "status")
        family = CounterMetricFamily("authly_requests", "Requests answered", labels=labels)
        for (endpoint, method), tally in self._tallies.items():
            for status, count in tally.by_status.items():
                family.add_metric((endpoint, method, str(status)), count)
        return family

    def _took(self) -> Metric:
        name, labels = "authly_request_duration_seconds", ("endpoint",)
        told = "Time from a request's head to its response"
        family = HistogramMetricFamily(name, told, labels=labels)
        bounds = (*map(str, _SECONDS), "+Inf")
        for endpoint, durations in self._durations.items():
            buckets = tuple(zip(bounds, accumulate(durations.buckets), strict=True))
            if any(durations.buckets):
                family.add_metric((endpoint,), buckets, durations.seconds)
        return family

    def _issued(self) -> Metric:
        labels = ("grant_type",)
        family = CounterMetricFamily("authly_tokens_issued", "Token responses", labels=labels)
        for grant_type, count in self.issued.items():
            family.add_metric((grant_type,), count)
        return family


class Metrics:
    """The metrics of one server process; `endpoint` is a name of the route table, never a path."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._figures = _Figures()
        self.registry.register(self._figures)
        self.authorizations = self._counter(
            "oauth_authorizations", "Authorization requests by how they ended", "result"
        )
        self.token_errors = self._counter("token_errors", "Refused token requests", "error")
        self.logout_notices = self._counter(
            "logout_notices", "Attempts to tell a client of a session's end", "outcome"
        )
        self.login_throttled = self._counter(
            "login_throttled", "Sign-ins refused unseen, by what had been tried too often", "by"
        )
        self.mails = self._counter("mails", "Messages to people, by what became of them", "outcome")
        self.limits_shared = self._gauge(
            "limits_shared", "1 while limits are counted in Redis, 0 while by this process alone"
        )
        self.connections = self._gauge("db_connections_active", "Database connections in use")
        self.schema_revision = self._gauge("schema_revision", "Revision of the database's schema")

    def tally(self, endpoint: str, method: str) -> Tally:
        """Where requests of that endpoint and method are counted."""
        return self._figures.tally(endpoint, method)

    def count_issued(self, grant_type: str) -> None:
        """Count a token response; `grant_type` is one that is known."""
        self._figures.issued[grant_type] += 1

    def watch_connections(self, count: Callable[[], int]) -> None:
        """Ask `count` for the connections in use at each scrape."""
        self.connections.set_function(count)

    def exposition(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self.registry)

    def _counter(self, name: str, documentation: str, *labels: str) -> Counter:
        return Counter(f"authly_{name}", documentation, labels, registry=self.registry)

    def _gauge(self, name: str, documentation: str) -> Gauge:
        return Gauge(f"authly_{name}", documentation, registry=self.registry)
