"""R6 and R9: a token that is too long to be one of ours, by each way in which it can be sent.

A token that was read is a bad token: 401 invalid_token (RFC 6750 section 3.1, "malformed"), or
inactive (RFC 7662 section 2.2). What is beyond the limits of every request is a bad request, of
whatever it may hold: 400 for a parameter of more than 16 KB and for a header of more than 32 KB,
413 for a body of more than 64 KB (RFC 9110 section 15.5.14).
"""

import httpx
import pytest

from throwaway.instance import Instance, problem


KILOBYTE = 1024
HEADER = "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImZpcnN0In0"


def jwt_of(kilobytes: float) -> str:
    """What looks like one of our own, of that many bytes exactly."""
    length = int(kilobytes * KILOBYTE)
    return f"{HEADER}.{'A' * (length - len(HEADER) - 88)}.{'A' * 86}"


def in_header(instance: Instance, token: str) -> httpx.Response:
    return instance.userinfo(token)


def in_form(instance: Instance, token: str) -> httpx.Response:
    return instance.http.post("/userinfo", data={"access_token": token})


@pytest.mark.parametrize(
    ("send", "kilobytes"),
    [
        (in_header, 15),
        (in_header, 16),
        (in_header, 17),
        (in_header, 31),
        (in_form, 15),
        (in_form, 16),
    ],
)
def test_a_token_that_was_read_is_an_invalid_token_however_long(
    instance: Instance, send: object, kilobytes: float
) -> None:
    assert callable(send)
    answer = send(instance, jwt_of(kilobytes))
    assert problem(answer) == (401, "invalid_token")
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    ("send", "kilobytes", "status"),
    [
        (in_header, 33, 400),
        (in_header, 60, 400),
        (in_form, 17, 400),
        (in_form, 63, 400),
        (in_form, 65, 413),
    ],
)
def test_what_is_too_long_for_any_request_is_a_bad_request(
    instance: Instance, send: object, kilobytes: float, status: int
) -> None:
    assert callable(send)
    answer = send(instance, jwt_of(kilobytes))
    assert problem(answer) == (status, "invalid_request")


@pytest.mark.parametrize("path", ["/introspect", "/revoke"])
def test_a_token_to_ask_about_is_unknown_up_to_the_limit_of_a_parameter(
    instance: Instance, path: str
) -> None:
    unknown = instance.post(path, token=jwt_of(16))
    assert unknown.status_code == 200
    assert path == "/revoke" or unknown.json() == {"active": False}
    assert problem(instance.post(path, token=jwt_of(17))) == (400, "invalid_request")
    assert problem(instance.post(path, token=jwt_of(65))) == (413, "invalid_request")


def test_long_tokens_cost_next_to_nothing(instance: Instance) -> None:
    long = jwt_of(31)
    before = instance.server.cpu_seconds
    for _ in range(50):
        in_header(instance, long)
    # A request without any token costs a third of a millisecond; verifying ES256 a tenth.
    assert instance.server.cpu_seconds - before < 50 * 0.02
