"""What is hardly HTTP, or HTTP at its edges: refused in one line, and the next one is answered."""

import json
import re
import time

import pytest
from tests.server.http import wire

from throwaway.instance import Instance


HOST = b" HTTP/1.1\r\nHost: x\r\n"
POST = b"POST /token" + HOST + b"Content-Type: application/x-www-form-urlencoded\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
GRANT = b"a=b"
ENDS = b"0\r\n\r\n"


def assert_quiet(instance: Instance) -> None:
    """The server lives, and nothing is in its log that somebody would have to look into."""
    assert instance.http.get("/health/live").status_code == 200
    assert "Traceback" not in instance.server.log.read_text()
    assert not [each for each in instance.server.records() if each["level"] == "error"]


NO_HTTP = {
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "no path": b"GET\r\n\r\n",
    "unknown version": b"GET / HTTP/9.9\r\n\r\n",
    "preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "method unknown": b"FOO /token" + HOST + b"\r\n",
    "method of 5 KB": b"F" * 5000 + b" /token" + HOST + b"\r\n",
    "NUL in the path": b"GET /\x00" + HOST + b"\r\n",
    "raw UTF-8 in the path": "GET /ä".encode() + HOST + b"\r\n",
    "100 KB of path": b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
    "100 KB of one header": b"GET /jwks" + HOST + b"A: " + b"a" * 100_000 + b"\r\n\r\n",
    "1000 headers": b"GET /jwks" + HOST + b"A: b\r\n" * 1000 + b"\r\n",
    "line feeds alone": b"GET /jwks HTTP/1.1\nHost: x\n\n",
    "no Host": b"GET /jwks HTTP/1.1\r\n\r\n",
    "two Hosts": b"GET /jwks" + HOST + b"Host: y\r\n\r\n",
    "two content types": POST + b"Content-Type: text/plain\r\n\r\n",
    "header without a colon": b"GET /jwks" + HOST + b"A\r\n\r\n",
    "header folded": b"GET /jwks" + HOST + b"A: b\r\n c\r\n\r\n",
    "space before the colon": POST + b"Transfer-Encoding : chunked\r\n\r\n",
    "control character": b"GET /jwks" + HOST + b"A: \x00\r\n\r\n",
    "length no number": POST + b"Content-Length: x\r\n\r\n",
    "length negative": POST + b"Content-Length: -3\r\n\r\n",
    "length with a sign": POST + b"Content-Length: +3\r\n\r\n" + GRANT,
    "length beyond 64 bits": POST + b"Content-Length: " + b"9" * 40 + b"\r\n\r\n",
    "two lengths": POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\na=bc",
    "length and chunks": POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + ENDS,
    "encoding unknown": POST + b"Transfer-Encoding: identity\r\n\r\n" + GRANT,
    "chunks that are none": CHUNKED + b"zz\r\n",
    "chunk of less than nothing": CHUNKED + b"-1\r\na\r\n" + ENDS,
    "length in a trailer": CHUNKED + b"3\r\na=b\r\n0\r\nContent-Length: 9\r\n\r\n",
}


@pytest.mark.parametrize("name", NO_HTTP)
def test_what_is_hardly_http_is_refused_without_a_trace(instance: Instance, name: str) -> None:
    answer = wire.send(instance, NO_HTTP[name])
    assert answer is not None
    assert answer.status == 400
    # Neither what was sent nor who answers.
    said = {"error": "invalid_request", "error_description": "the request is malformed"}
    assert json.loads(answer.body) == said
    assert not re.search(r"\d", answer.headers.get("server", ""))
    assert_quiet(instance)


AT_THE_EDGE = {
    "no route of that method": (b"TRACE /token" + HOST + b"\r\n", 405),
    "asterisk": (b"OPTIONS *" + HOST + b"\r\n", 404),
    "escaped NUL": (b"GET /%00" + HOST + b"\r\n", 404),
    "escaped way up": (b"GET /%ff/..%2f..%2fetc/passwd" + HOST + b"\r\n", 404),
    "way up": (b"GET /x/../token" + HOST + b"\r\n", 404),
    "two slashes": (b"GET //evil.example/jwks" + HOST + b"\r\n", 404),
    "a whole URL": (b"GET https://evil.example/jwks" + HOST + b"\r\n", 200),
    "a broken URL": (b"GET http://[" + HOST + b"\r\n", 400),
    "broken Host": (b"GET /authorize HTTP/1.1\r\nHost: [::1\r\n\r\n", 400),
    "Host of no text": (b"GET /jwks HTTP/1.1\r\nHost: \xff:999999\r\n\r\n", 200),
    "HTTP/0.9": (b"GET /jwks\r\n\r\n", 200),
    "HTTP/1.0": (b"GET /jwks HTTP/1.0\r\n\r\n", 200),
    "empty lines first": (b"\r\n\r\nGET /jwks" + HOST + b"\r\n", 200),
    "another protocol": (b"GET /jwks" + HOST + b"Connection: upgrade\r\nUpgrade: h2c\r\n\r\n", 200),
    "range": (b"GET /jwks" + HOST + b"Range: bytes=99999999999999999999-\r\n\r\n", 200),
    "broken ETag": (b"GET /jwks" + HOST + b'If-None-Match: W/"x, *, "\r\n\r\n', 200),
    "body of a GET": (b"GET /jwks" + HOST + b"Content-Length: 3\r\n\r\n" + GRANT, 200),
    "cookies of no text": (b"GET /login" + HOST + b'Cookie: =;a=";\\";b=\xff\r\n\r\n', 400),
    "1200 cookies": (
        b"GET /login" + HOST + b"Cookie: " + b"__Host-a=b; " * 1200 + b"\r\n\r\n",
        400,
    ),
    "type of no text": (b"POST /token" + HOST + b"Content-Type: \xff\xfe\r\n\r\n", 400),
    "encodings": (POST + b"Content-Encoding: br, zstd\r\nContent-Length: 3\r\n\r\na=b", 400),
    "extension of 30 KB": (CHUNKED + b"3;" + b"x" * 30_000 + b"\r\na=b\r\n" + ENDS, 400),
    "expectation unknown": (POST + b"Expect: 200-magic\r\nContent-Length: 3\r\n\r\na=b", 417),
    "length that is a lie": (POST + b"Content-Length: 9999999999\r\n\r\n" + b"a" * 70_000, 413),
    "chunks without an end": (CHUNKED + (b"1000\r\n" + b"a" * 4096 + b"\r\n") * 20, 413),
}


@pytest.mark.parametrize("name", AT_THE_EDGE)
def test_what_is_at_the_edge_of_http_is_answered(instance: Instance, name: str) -> None:
    request, status = AT_THE_EDGE[name]
    answer = wire.send(instance, request)
    assert answer is not None
    assert answer.status == status
    assert_quiet(instance)


UNFINISHED = {
    "nothing": b"",
    "half a line": b"GET /jw",
    "half a header": b"GET /jwks" + HOST + b"A: ",
    "half a body": POST + b"Content-Length: 100\r\n\r\nshort",
    "half a chunk": CHUNKED + b"100\r\nshort",
    "no 100 awaited": POST + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\na=b",
}


@pytest.mark.parametrize("name", UNFINISHED)
def test_who_hangs_up_in_the_middle_leaves_no_trace(instance: Instance, name: str) -> None:
    answer = wire.send(instance, UNFINISHED[name], hang_up=True)
    assert answer is None or answer.status < 500
    assert_quiet(instance)


def test_many_requests_at_once_on_one_line_are_all_answered(instance: Instance) -> None:
    many = (b"GET /jwks" + HOST + b"\r\n") * 200
    answer = wire.send(instance, many + b"GET /jwks" + HOST + b"Connection: close\r\n\r\n")
    assert answer is not None
    assert answer.status == 200
    assert_quiet(instance)


def test_a_body_that_does_not_arrive_is_not_waited_for(instance: Instance) -> None:
    started = time.monotonic()
    answer = wire.send(instance, POST + b"Content-Length: 1000\r\n\r\na=b")
    assert answer is not None
    assert answer.status == 408
    assert time.monotonic() - started > 8


def test_a_malformed_header_is_logged_without_what_it_says(instance: Instance) -> None:
    secret = b"the-canary-in-a-malformed-header"
    wire.send(instance, b"GET /health" + HOST + b"Authorization: " + secret + b"\x00\r\n\r\n")
    assert_quiet(instance)
    log = instance.server.log.read_text()
    assert secret.decode() not in log
    assert "malformed request" in log
