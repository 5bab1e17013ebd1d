"""An API server that is overloaded, silent, gone, or answers what nobody can read."""

import asyncio
import itertools
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from authly_operator.cluster import access, client, connection, errors


pytestmark = pytest.mark.control_plane


def status(code: int, reason: str, message: str) -> dict[str, Any]:
    return {"kind": "Status", "code": code, "reason": reason, "message": message}


async def test_a_list_whose_pages_expired_is_read_in_one(pretend: Any) -> None:
    asked: list[tuple[str, str]] = []

    async def answer(request: web.Request) -> web.Response:
        token, limit = request.query.get("continue", ""), request.query.get("limit", "")
        asked.append((token, limit))
        if token:
            return web.json_response(status(410, "Expired", "too old"), status=410)
        names, more = (["first"], {"continue": "more"}) if limit else (["first", "second"], {})
        items = [{"metadata": {"name": name}} for name in names]
        return web.json_response({"items": items, "metadata": {"resourceVersion": "9", **more}})

    api = await pretend(answer)
    found = await api.list_objects("ConfigMap", "n")
    assert [one["metadata"]["name"] for one in found] == ["first", "second"]
    assert asked == [("", "500"), ("more", "500"), ("", "")]


async def test_a_list_that_expires_for_ever_is_given_up(pretend: Any) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.json_response(status(410, "Expired", "too old"), status=410)

    api = await pretend(answer)
    with pytest.raises(errors.Unavailable, match="expired"):
        await api.list_objects("ConfigMap", "n")


@pytest.mark.parametrize("code", [429, 502, 503, 504])
async def test_an_overloaded_api_server_is_unavailable(pretend: Any, code: int) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.json_response(status(code, "Busy", "try\nlater"), status=code)

    api = await pretend(answer)
    with pytest.raises(errors.Unavailable, match="try later"):
        await api.get("ConfigMap", "n", "x")


@pytest.mark.parametrize("code", [429, 500, 503])
async def test_an_api_server_that_says_when_is_asked_again_then(pretend: Any, code: int) -> None:
    asked: list[float] = []

    async def answer(_: web.Request) -> web.Response:
        asked.append(asyncio.get_running_loop().time())
        if len(asked) < 3:
            busy = status(code, "TooManyRequests", "later")
            return web.json_response(busy, status=code, headers={"Retry-After": "1"})
        return web.json_response({"metadata": {"name": "x"}})

    api = await pretend(answer)
    assert await api.get("ConfigMap", "n", "x") == {"metadata": {"name": "x"}}
    assert len(asked) == 3
    assert all(later - earlier >= 1 for earlier, later in itertools.pairwise(asked))


@pytest.mark.parametrize(
    ("told", "after"),
    [("3600", 300), ("60", 60), ("Wed, 21 Oct 2026 07:28:00 GMT", 0), ("-1", 0), ("soon", 0)],
)
async def test_who_is_asked_to_wait_for_long_tells_how_long_and_asks_once(
    pretend: Any, told: str, after: float
) -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        busy = status(429, "TooManyRequests", "later")
        return web.json_response(busy, status=429, headers={"Retry-After": told})

    api = await pretend(answer)
    with pytest.raises(errors.Unavailable) as unavailable:
        await api.get("ConfigMap", "n", "x")
    assert unavailable.value.after == after
    assert len(asked) == 1


async def test_a_failure_of_one_request_is_no_outage(pretend: Any) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.json_response(status(500, "InternalError", "webhook failed"), status=500)

    api = await pretend(answer)
    with pytest.raises(errors.Refused, match="webhook failed"):
        await api.get("ConfigMap", "n", "x")


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b"\xff", b"[" * 60_000, b'{"message":7}'])
async def test_a_refusal_that_nobody_can_read_is_one_line(pretend: Any, body: bytes) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=403, body=body)

    api = await pretend(answer)
    with pytest.raises(errors.Refused) as refused:
        await api.get("ConfigMap", "n", "x")
    assert 0 < len(str(refused.value)) <= 1024
    assert "\n" not in str(refused.value)


async def test_a_proxy_that_answers_instead_is_unavailable(pretend: Any) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=b"<html>Sign in</html>")

    api = await pretend(answer)
    with pytest.raises(errors.Unavailable, match="no JSON"):
        await api.get("ConfigMap", "n", "x")


async def test_an_api_server_that_is_gone_is_unavailable_until_it_is_back(
    wired: client.Client, wire: Any
) -> None:
    assert await wired.get("Namespace", None, "default")
    wire.closed = True
    wire.cut()
    with pytest.raises(errors.Unavailable, match="cannot be reached"):
        await wired.get("Namespace", None, "default")
    wire.closed = False
    assert await wired.get("Namespace", None, "default")


async def test_an_api_server_that_is_silent_is_unavailable(rewritten: Any, wire: Any) -> None:
    silent = connection.Connection(access.find(rewritten(wire.port)))
    short = aiohttp.ClientTimeout(total=0.5)
    request = connection.Request(method="GET", path="/api/v1/namespaces/default", patience=short)
    wire.freeze()
    with pytest.raises(errors.Unavailable, match="cannot be reached"):
        await silent.request(request)
    await silent.close()
