"""A23, C3, L4 to L6, L15, L18: every parameter of every endpoint, with everything that hurts."""

import json
from collections.abc import Iterator
from urllib.parse import quote

import httpx
import pytest
from tests.server.http import well_formed
from tests.server.http.encoded import Request
from tests.server.http.well_formed import REQUESTS

from throwaway.instance import Instance


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {
        "CACHE_TTL": "0",
        "DYNAMIC_REGISTRATION": "open",
        "DYNAMIC_REGISTRATIONS_PER_HOUR": "100000",
        "DYNAMIC_CLIENT_LIMIT": "100000",
        "CLIENT_ID_METADATA_DOCUMENTS": "true",
        "CORS_ORIGINS": "https://spa.example",
    }


VALUES = {
    "nothing": "",
    "NUL": "a%00b",
    "no UTF-8": "%ff%fe",
    "overlong": "%c0%af",
    "a lone surrogate": "%ed%a0%80",
    "a broken escape": "%z1",
    "half an escape": "%4",
    "line breaks": "a%0d%0aSet-Cookie:%20x=y",
    "every control character": "".join(f"%{byte:02x}" for byte in range(1, 32)),
    "markup": quote("\"'><script>alert(1)</script>{{7*7}}<!--"),
    "SQL": quote("' OR 1=1; DROP TABLE authly.users --"),
    "a pattern": quote("(a+)+$" + "a" * 50 + "!"),
    "turned around": quote("\u202eshop\u2066"),
    "an emoji": quote("👩‍💻" * 20),
    "not normalised": quote("ﬃ①ẞ\u0345" * 10),
    "a path": quote("../../../../etc/passwd"),
    "a URL inside": quote("https://169.254.169.254/latest/meta-data"),
    "a URL into IPv6": quote("https://[::1"),
    "script URL": quote("javascript:alert(1)"),
    "minus one": "-1",
    "beyond 63 bits": str(2**63),
    "beyond doubles": "1e400",
    "no number": "NaN",
    "digits of others": quote("\uff11\uff12\uff13"),
    "five thousand digits": "9" * 5000,
    "deep JSON": quote("[" * 3000 + "]" * 3000),
    "an object": quote('{"__proto__":{"a":1},"a":1,"a":2}'),
    "a token of nobody": quote("eyJhbGciOiJub25lIn0.e30."),
    "dots": "." * 3000,
    "spaces": "+" * 3000,
    "sixteen kilobytes": "A" * 16_000,
}
# Longer than a request line may be, but not than a body.
LONG = "B" * 60_000
OURS = ("/", "https://shop.example/callback?", "https://shop.example/bye")


def assert_answered(answer: httpx.Response) -> None:
    """Something that can be answered to anything: a refusal, a page, a redirect within bounds."""
    assert answer.status_code < 500
    assert "Traceback" not in answer.text
    if answer.headers.get("Content-Type", "").startswith("text/html"):
        assert "<script>alert" not in answer.text
        assert "49<!--" not in answer.text
    assert len(answer.content) <= 64 * 1024
    location = answer.headers.get("Location", "/")
    assert location.startswith(OURS)
    assert not location.startswith("//")
    assert location.isascii()
    assert location.isprintable()
    assert not [each for each in answer.headers.get_list("Set-Cookie") if each.startswith("x=")]


def spoilt(right: Request, name: str) -> Iterator[Request]:
    for value in VALUES.values():
        yield right.with_value(name, value)
    yield right.without(name)
    yield right.with_pair(name, "again")
    yield right.with_pair(f"{name}%5b%5d", "as+PHP+does")
    if right.method != "GET":
        yield right.with_value(name, LONG)


@pytest.mark.parametrize("endpoint", REQUESTS)
def test_no_value_of_any_parameter_makes_the_server_fail(instance: Instance, endpoint: str) -> None:
    names = REQUESTS[endpoint](instance).names
    assert names
    for name in names:
        right = REQUESTS[endpoint](instance)
        for request in spoilt(right, name):
            assert_answered(request.send(instance.http))
    assert_no_errors(instance)


def assert_no_errors(instance: Instance) -> None:
    """Nor anything that somebody would have to look into."""
    assert "Traceback" not in instance.server.log.read_text()
    assert not [each for each in instance.server.records() if each["level"] == "error"]


JSON_VALUES = (
    *("null", "true", "0", "-1", str(2**63), "1e400", "1e-400", "[]", "{}", '""', '"x"', "NaN"),
    *('"\\u0000"', '"\\ud800"', '"\\u202e"', '["https://a.example/", 7]', "[[[[]]]]", "[null]"),
    *('{"keys": [{}]}', '{"keys": 7}', '{"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB"}]}'),
    *(json.dumps("x" * 5000), "[" * 2000 + "]" * 2000, "9" * 5000, '"https://[::1"'),
    *('"http://169.254.169.254/"', '"\\"><script>alert(1)</script>"', '"https://a.example:99999/"'),
)


@pytest.mark.parametrize("name", well_formed.registration())
def test_no_member_of_a_registration_makes_the_server_fail(instance: Instance, name: str) -> None:
    right = {"client_name": "Printer", "redirect_uris": ["https://printer.example/callback"]}
    for value in JSON_VALUES:
        members = {n: json.dumps(v) for n, v in right.items()} | {name: value}
        body = "{" + ",".join(f'"{n}":{v}' for n, v in members.items()) + "}"
        headers = {"Content-Type": "application/json"}
        assert_answered(instance.http.post("/register", content=body, headers=headers))
    assert_no_errors(instance)


def test_every_route_has_a_request_that_is_spoilt(instance: Instance) -> None:
    """A route that is added has to be added there."""
    spoiled = {build(instance).path for build in REQUESTS.values()}
    assert spoiled | well_formed.OTHERS == set(well_formed.PATHS)
