"""Whatever comes in: never a status of 5xx, never a stack trace, and the next one is answered."""

import socket
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings as examples, strategies as st

from throwaway.browser import asking
from throwaway.instance import Instance


PATHS = (
    "/authorize",
    "/login",
    "/consent",
    "/token",
    "/auth/refresh",
    "/revoke",
    "/introspect",
    "/userinfo",
    "/jwks",
    "/.well-known/openid-configuration",
    "/health/ready",
    "/x",
)
NAMES = tuple(
    "client_id client_secret redirect_uri response_type response_mode scope state code_challenge"  # noqa: SIM905  # shorter
    " code_challenge_method resource nonce prompt max_age login_hint grant_type code code_verifier"
    " refresh_token token token_type_hint access_token transaction csrf decision username password"
    " switch request request_uri client_assertion client_assertion_type".split()
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


def send(instance: Instance, request: bytes) -> bytes:
    """What comes back for bytes, up to the end of the connection."""
    address = urlsplit(instance.server.base_url)
    with socket.create_connection((str(address.hostname), int(address.port or 0)), 10) as line:
        line.sendall(request)
        line.shutdown(socket.SHUT_WR)
        answer = b""
        while chunk := line.recv(65536):
            answer += chunk
    return answer


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


def assert_alive(instance: Instance) -> None:
    assert instance.http.get("/health/live").status_code == 200
    assert "Traceback" not in instance.server.log.read_text()


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
        answer = send(instance, sent)
        assert status(answer) < 500
        assert b"Traceback" not in answer


@pytest.mark.parametrize(
    "request_bytes",
    [
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", id="TLS"),
        pytest.param(b"GET\r\n\r\n", id="no path"),
        pytest.param(b"GET / HTTP/9.9\r\n\r\n", id="unknown version"),
        pytest.param(b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n", id="NUL in the path"),
        pytest.param(b"GET http://[ HTTP/1.1\r\nHost: x\r\n\r\n", id="broken URL"),
        pytest.param(b"GET /health HTTP/1.1\r\nHost: x\r\nA\r\n\r\n", id="header without a colon"),
        pytest.param(b"GET /health HTTP/1.1\r\nHost: x\r\nA: \x7f\x00\r\n\r\n", id="control"),
        pytest.param(b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n", id="100 KB of path"),
        pytest.param(b"GET /health HTTP/1.1\r\n" + b"A: b\r\n" * 1000 + b"\r\n", id="1000 headers"),
        pytest.param(
            b"POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n", id="length no number"
        ),
        pytest.param(
            b"POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            id="length and chunks",
        ),
        pytest.param(
            b"POST /token HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            id="broken chunks",
        ),
        pytest.param(
            b"POST /token HTTP/1.1\r\nHost: x\r\nContent-Type: " + FORM + b"\r\n"
            b"Content-Length: 100\r\n\r\nshort",
            id="body that ends early",
        ),
        pytest.param(b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", id="asterisk"),
        pytest.param(b"CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n", id="CONNECT"),
    ],
)
def test_what_is_hardly_http_is_refused_without_a_trace(
    instance: Instance, request_bytes: bytes
) -> None:
    answer = send(instance, request_bytes)
    assert status(answer) < 500
    assert b"Traceback" not in answer
    assert b"aiohttp" not in answer
    assert_alive(instance)


def test_a_malformed_header_is_logged_without_what_it_says(instance: Instance) -> None:
    secret = b"the-canary-in-a-malformed-header"
    send(instance, b"GET /health HTTP/1.1\r\nAuthorization: " + secret + b"\x00\r\n\r\n")
    assert_alive(instance)
    log = instance.server.log.read_text()
    assert secret.decode() not in log
    assert "malformed request" in log


def test_all_of_that_left_no_trace_and_no_error_in_the_log(instance: Instance) -> None:
    assert instance.http.get("/authorize", params=asking(instance.shop)).status_code == 303
    assert not [each for each in instance.server.records() if each["level"] == "error"]
