"""The back-off of a parent, and metrics of several processes as one answer."""

from prometheus_client.parser import text_string_to_metric_families

from authly_server.metrics import Metrics
from authly_server.processes import siblings, supervisor


def test_who_dies_again_and_again_is_started_later_and_later_up_to_a_limit() -> None:
    delays = [supervisor.delay(deaths) for deaths in range(1, 500)]
    assert delays[0] == supervisor.FIRST_DELAY
    assert delays == sorted(delays)
    assert delays[-1] == supervisor.LONGEST_DELAY


def test_each_series_says_whose_it_is_and_nothing_is_summed_up() -> None:
    one, other = Metrics(), Metrics()
    for metrics, count in ((one, 3), (other, 5)):
        for _ in range(count):
            metrics.count_issued("refresh_token")
    other.tally("token", "POST").count(200, 0.3)
    merged = siblings.merge({0: one.exposition(), 7: other.exposition()}).decode()
    assert 'authly_tokens_issued_total{grant_type="refresh_token",process="0"} 3.0' in merged
    assert 'authly_tokens_issued_total{grant_type="refresh_token",process="7"} 5.0' in merged
    assert 'authly_request_duration_seconds_count{endpoint="token",process="7"} 1.0' in merged


def test_what_is_merged_is_a_valid_exposition_that_loses_nothing() -> None:
    parts = {number: Metrics() for number in range(3)}
    for number, each in parts.items():
        for _ in range(number):
            each.tally("token", "POST").count(200, number / 10)
    merged = siblings.merge({number: each.exposition() for number, each in parts.items()})
    names = [line.split()[2] for line in merged.decode().splitlines() if line.startswith("# TYPE ")]
    assert len(names) == len(set(names))
    families = text_string_to_metric_families(merged.decode())
    found = {
        (s.name, tuple(sorted(s.labels.items()))): s.value for f in families for s in f.samples
    }
    for number, each in parts.items():
        for family in text_string_to_metric_families(each.exposition().decode()):
            for sample in family.samples:
                labels = tuple(sorted({**sample.labels, "process": str(number)}.items()))
                assert found.pop((sample.name, labels)) == sample.value
    assert found == {}
