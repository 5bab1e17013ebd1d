import contextlib
import io
import json
import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from authly_server import telemetry


@contextlib.contextmanager
def writing(form: telemetry.Format) -> Iterator[io.StringIO]:
    """Where logs go for a while; afterwards logging is as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    # basicConfig(force=True) closes the handlers that it replaces: pytest's must not be.
    root.handlers[:] = []
    stream = io.StringIO()
    telemetry.configure("info", form, stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    with writing("json") as stream:
        yield stream


@pytest.fixture
def read() -> Iterator[io.StringIO]:
    """What people read."""
    with writing("console") as stream:
        yield stream


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_line_of_json(written: io.StringIO) -> None:
    telemetry.logger("authly").info("token_issued", grant_type="refresh_token", status=200)
    (line,) = lines(written)
    assert (line["event"], line["level"], line["logger"]) == ("token_issued", "info", "authly")
    assert (line["grant_type"], line["status"]) == ("refresh_token", 200)
    assert line["time"].endswith("Z")


def test_libraries_log_in_the_same_shape(written: io.StringIO) -> None:
    logging.getLogger("psycopg.pool").warning("lost %s", "connection")
    (line,) = lines(written)
    assert (line["event"], line["level"]) == ("lost connection", "warning")
    assert line["logger"] == "psycopg.pool"


def test_what_is_bound_to_a_request_is_in_each_of_its_lines(written: io.StringIO) -> None:
    with structlog.contextvars.bound_contextvars(request_id="r1"):
        telemetry.logger("authly").info("one")
        logging.getLogger("library").info("two")
    assert [line["request_id"] for line in lines(written)] == ["r1", "r1"]


def test_lines_below_the_level_are_not_written(written: io.StringIO) -> None:
    telemetry.logger("authly").debug("detail")
    assert lines(written) == []


def test_an_exception_is_text_in_its_line(written: io.StringIO) -> None:
    try:
        1 / 0  # noqa: B018
    except ZeroDivisionError:
        telemetry.logger("authly").exception("failed")
    (line,) = lines(written)
    assert "ZeroDivisionError" in line["exception"]


def test_line_breaks_in_a_value_make_no_second_line(written: io.StringIO) -> None:
    telemetry.logger("authly").info("login", user='x\n{"event":"forged"}')
    assert len(lines(written)) == 1


@pytest.mark.parametrize(
    "key", ["client_secret", "password", "refresh_token", "code", "Authorization", "code_verifier"]
)
def test_values_of_keys_that_name_a_credential_are_overwritten(
    written: io.StringIO, key: str
) -> None:
    telemetry.logger("authly").info("x", **{key: "hunter2"})
    assert "hunter2" not in written.getvalue()
    assert lines(written)[0][key] == telemetry.REDACTED


@pytest.mark.parametrize("key", ["token_type", "status_code", "secretary"])
def test_other_keys_keep_their_values(written: io.StringIO, key: str) -> None:
    telemetry.logger("authly").info("x", **{key: "seen"})
    assert lines(written)[0][key] == "seen"


def test_what_json_does_not_know_is_written_as_text(written: io.StringIO) -> None:
    telemetry.logger("authly").info("x", value=frozenset({"read"}))
    assert lines(written)[0]["value"] == "frozenset({'read'})"


def test_for_people_an_event_is_a_line_with_its_facts_behind_it(read: io.StringIO) -> None:
    telemetry.logger("authly").info("token issued", grant_type="refresh_token", status=200)
    logging.getLogger("psycopg.pool").warning("lost %s", "connection")
    mine, theirs = read.getvalue().splitlines()
    time, _, rest = mine.partition(" ")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", time)
    assert rest == "INFO     token issued grant_type=refresh_token status=200 logger=authly"
    assert theirs.partition(" ")[2] == "WARNING  lost connection logger=psycopg.pool"


def test_for_people_an_exception_stays_in_its_line(read: io.StringIO) -> None:
    try:
        1 / 0  # noqa: B018
    except ZeroDivisionError:
        telemetry.logger("authly").exception("failed")
    (line,) = read.getvalue().splitlines()
    assert "Traceback" in line
    assert "ZeroDivisionError" in line


HOSTILE = ["x\nERROR forged", "x level=error", "\x1b[31mred", "a\u2028b", "\u202e", "\x85", '"', ""]


@pytest.mark.parametrize("value", HOSTILE)
def test_for_people_a_value_is_one_fact_that_can_be_read_back(
    read: io.StringIO, value: str
) -> None:
    telemetry.logger("authly").info("login", user=value)
    (line,) = read.getvalue().splitlines()
    assert line.isprintable()
    assert line.split(" ", 2)[2].strip() == f"login user={json.dumps(value)} logger=authly"


@pytest.mark.parametrize("event", ["lost\nERROR forged", "lost a=b", "\x1b]0;title\x07"])
def test_for_people_what_a_library_says_is_one_event(read: io.StringIO, event: str) -> None:
    logging.getLogger("library").warning(event)
    (line,) = read.getvalue().splitlines()
    assert line.endswith(f"WARNING  {json.dumps(event)} logger=library")


def test_for_people_words_of_any_language_stay_readable(read: io.StringIO) -> None:
    telemetry.logger("authly").info("login", user="Zoë", city="São Paulo")
    assert 'user=Zoë city="São Paulo"' in read.getvalue()


def test_for_people_credentials_are_overwritten_too(read: io.StringIO) -> None:
    telemetry.logger("authly").info("x", client_secret="hunter2", token_type="Bearer")
    assert f"client_secret={telemetry.REDACTED} token_type=Bearer" in read.getvalue()
    assert "hunter2" not in read.getvalue()
