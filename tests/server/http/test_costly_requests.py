"""L15: the longest requests that are read at all, made to be hard to read: they cost little."""

import json
from urllib.parse import quote

import pytest
from tests.server.http.encoded import FORM
from tests.server.http.well_formed import REQUESTS

from authly_server.web.forms import MOST_BYTES
from throwaway.instance import Instance


TIMES = 5
# Of the processor, whoever else uses it: a bare request takes a tenth of this.
MOST_SECONDS = 0.05


def filled(start: str, filler: str) -> str:
    """As long as a body may be."""
    return start + filler * ((MOST_BYTES - len(start)) // len(filler))


BODIES = {
    "escapes": filled("a=", "%41"),
    "broken escapes": filled("a=", "%4"),
    "one name": filled("", "a=b&"),
    "empty pairs": filled("", "&=&"),
    "escapes of four bytes": filled("scope=", quote("\U0001f600")),
    "a scope of many names": filled("grant_type=client_credentials&scope=", "a+"),
    "a scope of spaces": filled("grant_type=client_credentials&scope=a", "+"),
    "many resources": filled("grant_type=client_credentials", "&resource=https://a.example"),
    "a long resource": filled("grant_type=client_credentials&resource=https://a.example/", "a/../"),
    "claims that are deep": filled("claims=", "["),
    "claims that are wide": filled("claims={", '"a":{},'),
    "dots": filled("client_assertion=", "."),
    "an assertion": filled("client_assertion=eyJhbGciOiJFUzI1NiJ9.", "e30"),
    "a pattern's worst": filled("username=", "a"),
    "a password": filled("password=", "p"),
    "a code of separators": filled("user_code=", "-+"),
}


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {
        "CACHE_TTL": "0",
        "DYNAMIC_REGISTRATION": "open",
        "DYNAMIC_REGISTRATIONS_PER_HOUR": "100000",
    }


POSTED = sorted(
    {
        "/authorize",
        "/consent",
        "/device",
        "/introspect",
        "/login",
        "/logout",
        "/par",
        "/revoke",
        "/token",
        "/userinfo",
    }
)


@pytest.mark.parametrize("path", POSTED)
def test_the_longest_request_costs_little(instance: Instance, path: str) -> None:
    basic = instance.shop.basic
    for name, body in BODIES.items():
        before = instance.server.cpu_seconds
        for _ in range(TIMES):
            headers = {"Content-Type": FORM}
            answer = instance.http.post(path, content=body, headers=headers, auth=basic)
            assert answer.status_code < 500
        assert (instance.server.cpu_seconds - before) / TIMES < MOST_SECONDS, name


@pytest.mark.parametrize("endpoint", ["login", "consent", "device", "authorization code"])
def test_a_right_request_that_is_made_long_costs_little(instance: Instance, endpoint: str) -> None:
    for name in REQUESTS[endpoint](instance).names:
        long = REQUESTS[endpoint](instance).with_value(name, "%41" * 20_000)
        before = instance.server.cpu_seconds
        for _ in range(TIMES):
            assert long.send(instance.http).status_code < 500
        assert (instance.server.cpu_seconds - before) / TIMES < MOST_SECONDS, name


DOCUMENTS = {
    "deep": filled("", "["),
    "wide": filled("{", '"a":1,'),
    "a long name": json.dumps({"client_name": filled("", "\u202e")[: MOST_BYTES // 8]}),
    "digits": filled('{"default_max_age":', "9"),
    "many addresses": filled('{"redirect_uris":["https://a.example/"', ',"https://a.example/"'),
    "escapes": filled('{"client_name":"', "\\u0061"),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_longest_registration_costs_little(instance: Instance, name: str) -> None:
    before = instance.server.cpu_seconds
    for _ in range(TIMES):
        headers = {"Content-Type": "application/json"}
        answer = instance.http.post("/register", content=DOCUMENTS[name], headers=headers)
        assert answer.status_code in {400, 413}
    assert (instance.server.cpu_seconds - before) / TIMES < MOST_SECONDS
