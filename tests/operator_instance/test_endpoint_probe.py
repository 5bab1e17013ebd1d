"""What the operator makes of the answers at a server's Service, good, wrong and hostile."""

import asyncio
import contextlib
import json
import time
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from authly_operator.instance import endpoint
from throwaway import ports, server as throwaway_server


ISSUER = "https://auth.example.com"


def document(**fields: object) -> web.Response:
    return web.json_response({"issuer": ISSUER, **fields})


async def test_the_issuer_is_read_under_its_own_host_name(
    serve: Any, hits: Any, http: aiohttp.ClientSession
) -> None:
    async def answer(_: web.Request) -> web.Response:
        return document(token_endpoint=f"{ISSUER}/token")

    url = await serve(answer)
    found = await endpoint.probe(http, url, ISSUER)
    assert (found.issuer, found.error) == (ISSUER, None)
    assert hits.asked == [("/.well-known/oauth-authorization-server", "auth.example.com")]


async def test_an_issuer_with_a_path_has_it_after_the_well_known_part(
    serve: Any, hits: Any, http: aiohttp.ClientSession
) -> None:
    async def answer(_: web.Request) -> web.Response:
        return document()

    await endpoint.probe(http, await serve(answer), f"{ISSUER}:8443/tenant/")
    assert hits.asked == [
        ("/.well-known/oauth-authorization-server/tenant", "auth.example.com:8443")
    ]


async def test_another_issuer_is_told_as_it_is(serve: Any, http: aiohttp.ClientSession) -> None:
    async def answer(_: web.Request) -> web.Response:
        return document(issuer="https://elsewhere.example")

    found = await endpoint.probe(http, await serve(answer), ISSUER)
    assert (found.issuer, found.error) == ("https://elsewhere.example", None)


@pytest.mark.parametrize("issuer", [ISSUER, f"{ISSUER}/tenant"])
async def test_the_real_server_is_recognised(
    database_url: str, http: aiohttp.ClientSession, issuer: str
) -> None:

    def run() -> throwaway_server.Server:
        allowed = "auth.example.com"
        return throwaway_server.create(database_url, ISSUER=issuer, ALLOWED_HOSTS=allowed)

    running = await asyncio.to_thread(run)
    try:
        found = await endpoint.probe(http, running.base_url, issuer)
        stranger = await endpoint.probe(http, running.base_url, "https://elsewhere.example")
    finally:
        await asyncio.to_thread(running.close)
    assert (found.issuer, found.error) == (issuer, None)
    assert stranger.issuer is None, "the server answers under its own host name only"


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (200, b"<html>Welcome</html>", "no JSON"),
        (200, b"", "no JSON"),
        (200, b"\xff\xfe\x00", "no JSON"),
        (200, b"[" * 60_000, "no JSON"),
        (200, b"[]", "names no issuer"),
        (200, b"null", "names no issuer"),
        (200, b"{}", "names no issuer"),
        (200, b'{"issuer": 7}', "names no issuer"),
        (200, b'{"issuer": ""}', "names no issuer"),
        (200, json.dumps({"issuer": "x" * 3000}).encode(), "names no issuer"),
        (200, b" " * 70_000, "more than 65536 bytes"),
        (404, b"{}", "HTTP 404"),
        (421, b"{}", "HTTP 421"),
        (503, b"{}", "HTTP 503"),
    ],
)
async def test_an_unfit_answer_is_one_line(
    serve: Any, http: aiohttp.ClientSession, status: int, body: bytes, told: str
) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, body=body)

    found = await endpoint.probe(http, await serve(answer), ISSUER)
    assert found.issuer is None
    assert found.error is not None
    assert told in found.error
    assert "\n" not in found.error


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed(
    serve: Any, hits: Any, http: aiohttp.ClientSession, status: int
) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Location": f"http://{request.host}/trap"})

    found = await endpoint.probe(http, await serve(answer), ISSUER)
    assert found.error is not None
    assert f"HTTP {status}" in found.error
    assert len(hits.asked) == 1


async def test_an_endless_answer_is_cut_off(serve: Any, http: aiohttp.ClientSession) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            while True:
                await response.write(b" " * 65536)
        return response

    found = await endpoint.probe(http, await serve(answer), ISSUER)
    assert found.error is not None
    assert "more than 65536 bytes" in found.error


async def test_a_slow_answer_is_given_up_after_three_seconds(
    serve: Any, http: aiohttp.ClientSession
) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            while True:  # a byte now and then, so that no single read is slow
                await response.write(b" ")
                await asyncio.sleep(0.2)
        return response

    began = time.monotonic()
    found = await endpoint.probe(http, await serve(answer), ISSUER)
    assert time.monotonic() - began < 4
    assert found.error is not None
    assert "did not answer within 3 s" in found.error


async def test_what_does_not_speak_http_is_one_line(http: aiohttp.ClientSession) -> None:
    async def babble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-hello\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        found = await endpoint.probe(http, f"http://127.0.0.1:{port}", ISSUER)
    assert found.error is not None
    assert "cannot be reached" in found.error
    assert "\n" not in found.error


@pytest.mark.parametrize(
    "url",
    [f"http://127.0.0.1:{ports.free_port()}", "http://main.nowhere.invalid:80"],
)
async def test_nobody_there_is_one_line(http: aiohttp.ClientSession, url: str) -> None:
    found = await endpoint.probe(http, url, ISSUER)
    assert found.issuer is None
    assert found.error is not None
    assert "cannot be reached" in found.error
