"""A log that people read: a line an event, and as silent about credentials as the other."""

import re

import pytest
from tests.server.http import credentials as presented

from throwaway.instance import Instance


LINE = re.compile(r"\d{4}-\d\d-\d\dT\S+Z (DEBUG|INFO|WARNING|ERROR) +\S.* logger=[\w.]+")


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {**presented.SETTINGS, "LOG_FORMAT": "console"}


def lines(instance: Instance) -> list[str]:
    return instance.server.log.read_text().splitlines()


def test_no_credential_is_in_the_log(instance: Instance) -> None:
    for name, credential in presented.used(instance).items():
        assert credential not in instance.server.log.read_text(), name


def test_each_line_has_time_level_event_and_who_tells_it(instance: Instance) -> None:
    assert [line for line in lines(instance) if not LINE.fullmatch(line)] == []
    assert [line for line in lines(instance) if " INFO     serving " in line]


def test_each_request_is_one_line_that_its_reference_finds(instance: Instance) -> None:
    reference = instance.http.get("/jwks").headers["X-Request-Id"]
    (line,) = (one for one in lines(instance) if f"request_id={reference}" in one)
    assert " INFO     request " in line
    assert "endpoint=jwks" in line
    assert "status=200" in line
