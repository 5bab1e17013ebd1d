"""Documents of real hosts over real TLS: fetched, kept, shared, and asked for again in time."""

import asyncio
import ipaddress

import pytest
from tests.server.outbound.reaching import (
    DOCUMENT,
    HEAD,
    LIMIT,
    LOOPBACK,
    Stopwatch,
    fetching,
    rules,
)

from authly_server.outbound import fetcher
from authly_server.outbound.refusal import BadAnswer, Refused, Unreachable
from throwaway.publisher import Publisher


pytestmark = pytest.mark.usefixtures("farewells")


async def test_a_document_is_fetched_over_tls_and_kept(host: Publisher) -> None:
    url = host.publish("/kept", DOCUMENT)
    async with fetching(host) as opened:
        assert await opened.fetch(url, limit=LIMIT) == DOCUMENT
        assert await opened.fetch(url, limit=LIMIT) == DOCUMENT
    assert host.asked["/kept"] == 1


async def test_the_systems_own_resolver_is_asked_where_no_other_is_given(host: Publisher) -> None:
    url = host.publish("/system", DOCUMENT)
    allowed = (*LOOPBACK, ipaddress.ip_network("::1/128"))
    trusted = fetcher.trust(str(host.authority))
    async with fetcher.opened(rules(host, allowed_networks=allowed), trusted) as opened:
        assert await opened.fetch(url, limit=LIMIT) == DOCUMENT


async def test_a_copy_is_renewed_when_it_expires_or_a_fresher_one_is_wanted(
    host: Publisher,
) -> None:
    url = host.publish("/renewed", DOCUMENT, headers=["Cache-Control: max-age=120"])
    clock = Stopwatch()
    async with fetching(host, clock=clock) as opened:
        await opened.fetch(url, limit=LIMIT)
        clock.now += 31
        await opened.fetch(url, limit=LIMIT, max_age=30)
        assert host.asked["/renewed"] == 2
        clock.now += 119
        await opened.fetch(url, limit=LIMIT)
        assert host.asked["/renewed"] == 2
        clock.now += 1
        await opened.fetch(url, limit=LIMIT)
        assert host.asked["/renewed"] == 3


async def test_many_who_want_the_same_ask_once(host: Publisher) -> None:
    url = host.answer("/same", HEAD + b"Content-Length: 2\r\n\r\n", b"{}", pause=0.1)
    async with fetching(host) as opened:
        found = await asyncio.gather(*(opened.fetch(url, limit=LIMIT) for _ in range(50)))
    assert set(found) == {b"{}"}
    assert host.asked["/same"] == 1


async def test_whoever_hangs_up_takes_nobodys_answer_along(host: Publisher) -> None:
    url = host.answer("/hang-up", HEAD + b"Content-Length: 2\r\n\r\n", b"{}", pause=0.1)
    async with fetching(host) as opened:
        first = asyncio.create_task(opened.fetch(url, limit=LIMIT))
        second = asyncio.create_task(opened.fetch(url, limit=LIMIT))
        await asyncio.sleep(0)
        first.cancel()
        assert await second == b"{}"
        with pytest.raises(asyncio.CancelledError):
            await first


async def test_a_wrong_document_rests_and_its_host_does_not(host: Publisher) -> None:
    wrong, right = f"{host.url}/missing", host.publish("/right", DOCUMENT)
    clock = Stopwatch()
    async with fetching(host, clock=clock) as opened:
        with pytest.raises(BadAnswer):
            await opened.fetch(wrong, limit=LIMIT)
        with pytest.raises(Refused, match="a moment ago"):
            await opened.fetch(wrong, limit=LIMIT)
        assert await opened.fetch(right, limit=LIMIT) == DOCUMENT
        assert host.asked["/missing"] == 1
        host.publish("/missing", DOCUMENT)
        clock.now += 1
        assert await opened.fetch(wrong, limit=LIMIT) == DOCUMENT


async def test_a_host_that_breaks_rests_as_a_whole(host: Publisher) -> None:
    broken, right = host.answer("/breaks"), host.publish("/beside", DOCUMENT)
    clock = Stopwatch()
    async with fetching(host, clock=clock) as opened:
        with pytest.raises(Unreachable):
            await opened.fetch(broken, limit=LIMIT)
        with pytest.raises(Refused, match="a moment ago"):
            await opened.fetch(right, limit=LIMIT)
        clock.now += 1
        assert await opened.fetch(right, limit=LIMIT) == DOCUMENT


async def test_no_more_than_a_few_are_asked_at_a_time(host: Publisher) -> None:
    urls = [
        host.answer(f"/slow/{at}", HEAD + b"Content-Length: 2\r\n\r\n", b"{}", pause=0.2)
        for at in range(fetcher.MOST_AT_ONCE_PER_HOST + 1)
    ]
    async with fetching(host) as opened:
        found = await asyncio.gather(
            *(opened.fetch(url, limit=LIMIT) for url in urls), return_exceptions=True
        )
    refused = [each for each in found if isinstance(each, Refused)]
    assert len(refused) == 1
    assert "under way" in str(refused[0])
    assert found.count(b"{}") == fetcher.MOST_AT_ONCE_PER_HOST


async def test_a_form_is_posted_and_its_status_told(host: Publisher) -> None:
    url = host.publish("/posted", b"", status="204 No Content")
    async with fetching(host) as opened:
        assert await opened.post(url, {"logout_token": "a.b.c"}) == 204
    assert host.bodies[-1] == b"logout_token=a.b.c"


async def test_no_proxy_of_the_environment_is_asked(
    host: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    url = host.publish("/direct", DOCUMENT)
    async with fetching(host) as opened:
        assert await opened.fetch(url, limit=LIMIT) == DOCUMENT
