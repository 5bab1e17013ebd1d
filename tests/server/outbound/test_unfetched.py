"""C1 and C2: documents that are badly published, and names that are hostile."""

import contextlib
import socket
import time
import zlib
from collections.abc import Sequence

import pytest
from tests.server.outbound.reaching import DOCUMENT, HEAD, LIMIT, Names, fetching, rules

from authly_server.outbound import fetcher
from authly_server.outbound.refusal import BadAnswer, Refused, Unreachable
from throwaway.publisher import Publisher


pytestmark = pytest.mark.usefixtures("farewells")


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
    assert time.monotonic() - started < 20  # of the fifty that it would take


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
