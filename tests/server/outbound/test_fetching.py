"""C1 and C2: documents of real hosts over real TLS, well published and badly, and hostile names."""

import asyncio
import contextlib
import ipaddress
import json
import socket
import time
import zlib
from collections.abc import AsyncIterator, Iterator, Sequence

import pytest

from authly_server.outbound import fetcher
from authly_server.outbound.fetcher import Fetcher, Rules
from authly_server.outbound.refusal import BadAnswer, Refused, Unreachable
from throwaway import publisher
from throwaway.publisher import Publisher


LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
DOCUMENT = json.dumps({"keys": []}).encode()
LIMIT = 5 * 1024
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.fixture(autouse=True)
async def _farewells() -> AsyncIterator[None]:
    """Connections say goodbye by themselves; the loop must not end before they have."""
    loop = asyncio.get_running_loop()
    selector = loop._selector  # type: ignore[attr-defined]  # nothing else knows
    own = len(selector.get_map())
    yield
    async with asyncio.timeout(10):
        while len(selector.get_map()) > own:  # noqa: ASYNC110  # transports have no event
            await asyncio.sleep(0.005)


@pytest.fixture(scope="module")
def host() -> Iterator[Publisher]:
    with contextlib.closing(publisher.start()) as started:
        yield started


class Names:
    """A resolver of names that answers as it is told, one answer after the other."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, name: str) -> Sequence[str]:
        self.asked.append(name)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class Stopwatch:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def rules(host: Publisher, **changes: object) -> Rules:
    given = {"allowed_networks": LOOPBACK, "ports": (host.port,), "seconds": 1.0} | changes
    return Rules(**given)  # type: ignore[arg-type]  # names of its fields


@contextlib.asynccontextmanager
async def fetching(
    host: Publisher, names: Names | None = None, clock: Stopwatch | None = None, **changes: object
) -> AsyncIterator[Fetcher]:
    async with fetcher.opened(
        rules(host, **changes),
        fetcher.trust(str(host.authority)),
        lookup=names or Names(["127.0.0.1"]),
        monotonic=clock or time.monotonic,
    ) as opened:
        yield opened


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


BAD: dict[str, tuple[bytes, ...]] = {
    "redirect": (b"HTTP/1.1 302 Found\r\nLocation: /kept\r\nContent-Length: 0\r\n\r\n",),
    "permanent redirect": (b"HTTP/1.1 308 X\r\nLocation: /kept\r\nContent-Length: 0\r\n\r\n",),
    "error": (b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n",),
    "created": (b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n",),
    "html": (b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\n{}",),
    "no type": (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",),
    "image": (b"HTTP/1.1 200 OK\r\nContent-Type: image/svg+xml\r\nContent-Length: 2\r\n\r\n{}",),
    "gzip": (HEAD + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",),
    "bomb": (HEAD + b"Content-Encoding: deflate\r\n\r\n" + zlib.compress(bytes(10**7)),),
    "long": (HEAD + b"Content-Length: 6000\r\n\r\n" + b" " * 6000,),
    "endless": (HEAD + b"\r\n", *(b" " * 1000 for _ in range(100))),
    "chunked without end": (
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n",
        *(b"3e8\r\n" + b" " * 1000 + b"\r\n" for _ in range(100)),
    ),
}


@pytest.mark.parametrize("name", BAD)
async def test_an_answer_that_is_not_a_small_json_document_is_no_answer(
    host: Publisher, name: str
) -> None:
    url = host.answer(f"/bad/{name.replace(' ', '-')}", *BAD[name])
    host.publish("/kept", DOCUMENT)
    before = host.asked["/kept"]
    async with fetching(host) as opened:
        with pytest.raises(BadAnswer):
            await opened.fetch(url, limit=LIMIT)
    assert host.asked["/kept"] == before


BROKEN: dict[str, tuple[bytes, ...]] = {
    "no HTTP": (b"SSH-2.0-OpenSSH_9.6\r\n",),
    "nothing": (),
    "cut short": (HEAD + b"Content-Length: 100\r\n\r\n{}",),
    "long header": (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",),
    "bad chunk": (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n",),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_a_line_that_breaks_is_no_answer(host: Publisher, name: str) -> None:
    url = host.answer(f"/broken/{name.replace(' ', '-')}", *BROKEN[name])
    async with fetching(host) as opened:
        with pytest.raises(Unreachable):
            await opened.fetch(url, limit=LIMIT)


@pytest.mark.parametrize("first", [0, len(HEAD)], ids=["head", "body"])
async def test_a_host_that_dribbles_is_hung_up_on(host: Publisher, first: int) -> None:
    whole = HEAD + b"Content-Length: 1000\r\n\r\n" + b" " * 1000
    dribble = [whole[at : at + 1] for at in range(first, len(whole))]
    url = host.answer("/dribble", whole[:first], *dribble, pause=0.05)
    started = time.monotonic()
    async with fetching(host) as opened:
        with pytest.raises(Unreachable, match="too long"):
            await opened.fetch(url, limit=LIMIT)
    assert time.monotonic() - started < 3


async def test_nobody_listens_there(host: Publisher) -> None:
    with contextlib.closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        async with fetching(host, ports=(port,)) as opened:
            with pytest.raises(Unreachable):
                await opened.fetch(f"https://localhost:{port}/", limit=LIMIT)


async def test_a_certificate_of_nobody_is_not_believed(host: Publisher) -> None:
    url = host.publish("/untrusted", DOCUMENT)
    names = Names(["127.0.0.1"])
    async with fetcher.opened(rules(host), fetcher.trust(), lookup=names) as opened:
        with pytest.raises(Unreachable):
            await opened.fetch(url, limit=LIMIT)
    assert host.asked["/untrusted"] == 0


async def test_a_certificate_of_another_name_is_not_believed(host: Publisher) -> None:
    host.publish("/misnamed", DOCUMENT)
    async with fetching(host) as opened:
        with pytest.raises(Unreachable):
            await opened.fetch(f"https://client.example:{host.port}/misnamed", limit=LIMIT)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(["127.0.0.1"], id="loopback"),
        pytest.param(["169.254.169.254"], id="metadata"),
        pytest.param(["10.0.0.1"], id="private"),
        pytest.param(["::ffff:127.0.0.1"], id="mapped"),
        pytest.param(["8.8.8.8", "127.0.0.1"], id="one public and one private"),
        pytest.param([], id="none"),
    ],
)
async def test_a_name_for_an_address_that_is_not_public_is_not_connected_to(
    host: Publisher, answer: list[str]
) -> None:
    host.publish("/private", DOCUMENT)
    async with fetching(host, Names(answer), allowed_networks=()) as opened:
        with pytest.raises(Refused):
            await opened.fetch(f"{host.url}/private", limit=LIMIT)
    assert host.asked["/private"] == 0


@pytest.mark.parametrize(
    "authority", ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "127.1", "2130706433", "0"]
)
async def test_an_address_in_the_url_is_judged_too(host: Publisher, authority: str) -> None:
    host.publish("/literal", DOCUMENT)
    async with fetching(host, allowed_networks=()) as opened:
        with pytest.raises(Refused):
            await opened.fetch(f"https://{authority}:{host.port}/literal", limit=LIMIT)
    assert host.asked["/literal"] == 0


async def test_a_name_is_looked_up_once_and_what_was_checked_is_connected_to(
    host: Publisher,
) -> None:
    url = host.publish("/rebinding", DOCUMENT)
    # The second answer would be refused; that there is no second question is the point.
    names = Names(["127.0.0.1"], ["169.254.169.254"])
    async with fetching(host, names) as opened:
        assert await opened.fetch(url, limit=LIMIT) == DOCUMENT
    assert names.asked == ["localhost"]


async def test_a_name_that_does_not_exist_is_no_answer(host: Publisher) -> None:
    async def nobody(_: str) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    async with fetcher.opened(rules(host), fetcher.trust(), lookup=nobody) as opened:
        with pytest.raises(Unreachable):
            await opened.fetch(f"https://nobody.example:{host.port}/", limit=LIMIT)


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
