"""For how long what was fetched counts, and for how long who failed is left in peace."""

import pytest
from hypothesis import given, strategies as st

from authly_server.outbound import copies, setbacks
from authly_server.outbound.copies import Copies
from authly_server.outbound.refusal import Refused
from authly_server.outbound.setbacks import Setbacks


URL = "https://client.example/jwks"


class Stopwatch:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Stopwatch:
    return Stopwatch()


@pytest.mark.parametrize(
    ("cache_control", "seconds"),
    [
        ("", 300),
        ("public", 300),
        ("max-age=600", 600),
        ("public, max-age=600, must-revalidate", 600),
        ("MAX-AGE=600", 600),
        ('max-age="600"', 600),
        ("max-age=0", 60),
        ("max-age=1", 60),
        ("max-age=31536000", 3600),
        ("max-age=" + "9" * 5000, 3600),
        ("max-age=-1", 300),
        ("max-age=1e9", 300),
        ("max-age=\u0661\u0662", 300),
        ("max-age", 300),
        ("no-store", 60),
        ("no-cache, max-age=600", 60),
    ],
)
def test_the_lifetime_is_the_hosts_within_limits(cache_control: str, seconds: float) -> None:
    assert copies.lifetime(cache_control) == seconds


@given(st.text())
def test_any_cache_control_has_a_lifetime(cache_control: str) -> None:
    assert copies.SHORTEST <= copies.lifetime(cache_control) <= copies.LONGEST


def test_a_copy_counts_until_it_expires(time: Stopwatch) -> None:
    kept = Copies(time)
    kept.put(URL, b"{}", "max-age=120")
    time.now += 119
    assert kept.get(URL, None) == b"{}"
    time.now += 1
    assert kept.get(URL, None) is None


def test_a_copy_that_is_older_than_asked_for_does_not_count_but_stays(time: Stopwatch) -> None:
    kept = Copies(time)
    kept.put(URL, b"{}", "")
    time.now += 30
    assert kept.get(URL, 30) is None
    assert kept.get(URL, 31) == b"{}"


def test_the_copy_least_used_leaves_first(time: Stopwatch) -> None:
    kept = Copies(time, capacity=2)
    kept.put("a", b"a", "")
    kept.put("b", b"b", "")
    kept.get("a", None)
    kept.put("c", b"c", "")
    assert [kept.get(name, None) for name in "abc"] == [b"a", None, b"c"]


def test_each_failure_doubles_the_pause_up_to_a_minute(time: Stopwatch) -> None:
    noted = Setbacks(time)
    pauses = []
    for _ in range(9):
        noted.add("host")
        start = time.now
        while is_paused(noted, "host"):
            time.now += 1
        pauses.append(time.now - start)
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_a_success_or_a_long_time_begins_anew(time: Stopwatch) -> None:
    noted = Setbacks(time)
    for _ in range(5):
        noted.add("host")
    noted.forget("host")
    assert not is_paused(noted, "host")
    for _ in range(5):
        noted.add("host")
    time.now += 200
    noted.add("host")
    time.now += setbacks.FIRST
    assert not is_paused(noted, "host")


def test_one_host_is_not_another_and_few_are_remembered(time: Stopwatch) -> None:
    noted = Setbacks(time, capacity=2)
    noted.add("a")
    assert not is_paused(noted, "b")
    noted.add("b")
    noted.add("c")
    assert [is_paused(noted, name) for name in "abc"] == [False, True, True]


def is_paused(noted: Setbacks, name: str) -> bool:
    try:
        noted.check(name)
    except Refused:
        return True
    return False
