"""GET of small JSON documents from hosts that strangers name, and POST of forms to them.

Five seconds for everything, no redirects, nothing compressed, nobody's cookies or credentials; and
never more at a time than a few.
"""

import asyncio
import contextlib
import ssl
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import aiohttp
from yarl import URL

from authly_server import telemetry
from authly_server.outbound import addresses, resolver, target
from authly_server.outbound.addresses import Network
from authly_server.outbound.copies import Copies
from authly_server.outbound.refusal import BadAnswer, Refused, Unreachable
from authly_server.outbound.resolver import CheckedResolver, Lookup
from authly_server.outbound.setbacks import Setbacks
from authly_server.outbound.target import Target


SECONDS: Final = 5.0
MOST_AT_ONCE: Final = 16
MOST_AT_ONCE_PER_HOST: Final = 4
_MOST_HEADER_BYTES: Final = 8190
_CHUNK: Final = 8192
_HEADERS: Final = {
    "Accept": "application/json, application/jwk-set+json",
    "Accept-Encoding": "identity",
    "User-Agent": "authly-server",
}
_OK: Final = 200
_log = telemetry.logger(__name__)


@dataclass(frozen=True, slots=True)
class Rules:
    """Whom to ask beyond the public Internet, and on which ports."""

    allowed_networks: tuple[Network, ...] = ()
    ports: tuple[int, ...] = (target.HTTPS_PORT,)
    seconds: float = SECONDS
    authorization: Callable[[], str] | None = None


class Fetcher:
    """Asks, remembers what it was told, and spares hosts that failed; `opened` makes one."""

    def __init__(
        self, session: aiohttp.ClientSession, rules: Rules, monotonic: Callable[[], float]
    ) -> None:
        self._session = session
        self._rules = rules
        self._copies = Copies(monotonic)
        self._setbacks = Setbacks(monotonic)
        self._in_flight: dict[tuple[str, int], asyncio.Task[bytes]] = {}
        self._busy: Counter[str] = Counter()

    async def fetch(self, url: str, *, limit: int, max_age: float | None = None) -> bytes:
        """The JSON document there, of at most `limit` bytes; see `clients.documents`.

        Raises:
            DocumentUnavailable: one of `refusal`, with the reason.
        """
        copy = self._copies.get(url, max_age)
        if copy is not None and len(copy) <= limit:
            return copy
        key = (url, limit)
        if key not in self._in_flight:
            task = asyncio.create_task(self._load(url, limit))
            self._in_flight[key] = task
            task.add_done_callback(lambda done: self._landed(key, done))
        # Whoever asked first may hang up; the others still want the answer.
        return await asyncio.shield(self._in_flight[key])

    async def post(self, url: str, form: Mapping[str, str]) -> int:
        """Send a form, and answer the status, whatever it is.

        Raises:
            DocumentUnavailable: one of `refusal`.
        """
        found = target.parse(url, self._rules.ports)
        async with self._asking(found, url), self._exchange("POST", found, form) as answer:
            return answer.status

    async def close(self) -> None:
        """Break off whatever is under way."""
        for task in tuple(self._in_flight.values()):
            task.cancel()
        await asyncio.gather(*self._in_flight.values(), return_exceptions=True)
        await self._session.close()

    def _landed(self, key: tuple[str, int], task: asyncio.Task[bytes]) -> None:
        del self._in_flight[key]
        if not task.cancelled():
            task.exception()  # whoever waited has been told; that nobody did is no news

    async def _load(self, url: str, limit: int) -> bytes:
        found = target.parse(url, self._rules.ports)
        async with self._asking(found, url), self._exchange("GET", found, None) as answer:
            _check_head(answer, limit)
            content = await _read(answer, limit)
            self._copies.put(url, content, answer.headers.get("Cache-Control", ""))
        return content

    @contextlib.asynccontextmanager
    async def _asking(self, found: Target, url: str) -> AsyncIterator[None]:
        """Take a place, and remember how it went: a dead host rests, or only a wrong document."""
        if addresses.is_address(found.host):
            addresses.check(found.host, self._rules.allowed_networks)
        self._setbacks.check(found.host, url)
        with self._place(found.host):
            try:
                yield
            except BadAnswer:
                self._setbacks.add(url)
                raise
            except (Unreachable, Refused) as error:
                _log.info("outbound request failed", host=found.host, reason=str(error))
                self._setbacks.add(found.host)
                raise
        self._setbacks.forget(found.host, url)

    @contextlib.contextmanager
    def _place(self, host: str) -> Iterator[None]:
        """One of the few places; nobody waits for one, for a queue would only grow."""
        if sum(self._busy.values()) >= MOST_AT_ONCE or self._busy[host] >= MOST_AT_ONCE_PER_HOST:
            raise Refused("too many requests are under way")
        self._busy[host] += 1
        try:
            yield
        finally:
            self._busy[host] -= 1
            self._busy += Counter()  # drops the zeros

    @contextlib.asynccontextmanager
    async def _exchange(
        self, method: str, found: Target, form: Mapping[str, str] | None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        url = URL.build(
            scheme="https",
            host=found.host,
            port=found.port,
            path=found.path,
            query_string=found.query,
            encoded=True,
        )
        headers = dict(_HEADERS)
        if self._rules.authorization is not None:
            headers["Authorization"] = self._rules.authorization()
        try:
            async with self._session.request(
                method, url, data=form, headers=headers, allow_redirects=False
            ) as answer:
                try:
                    yield answer
                finally:
                    _hang_up(answer)
        except TimeoutError as error:
            raise Unreachable("it took too long") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Unreachable(type(error).__name__) from error


@contextlib.asynccontextmanager
async def opened(
    rules: Rules,
    context: ssl.SSLContext,
    *,
    lookup: Lookup = resolver.ask_the_system,
    monotonic: Callable[[], float] = time.monotonic,
) -> AsyncIterator[Fetcher]:
    """A fetcher that works by these rules; `context` says whose certificates count."""
    connector = aiohttp.TCPConnector(
        ssl=context,
        resolver=CheckedResolver(rules.allowed_networks, lookup),
        use_dns_cache=False,
        limit=MOST_AT_ONCE,
    )
    session = aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=rules.seconds),
        trust_env=False,
        auto_decompress=False,
        max_line_size=_MOST_HEADER_BYTES,
        max_field_size=_MOST_HEADER_BYTES,
    )
    fetcher = Fetcher(session, rules, monotonic)
    try:
        yield fetcher
    finally:
        await fetcher.close()


def trust(certificates: str | None = None) -> ssl.SSLContext:
    """The system's certificate authorities, and those of a PEM file beside them.

    Raises:
        OSError: the file cannot be read, or holds no certificate.
    """
    context = ssl.create_default_context()
    if certificates is not None:
        context.load_verify_locations(certificates)
    return context


def _hang_up(answer: aiohttp.ClientResponse) -> None:
    """Where there is more to come that nobody wants, end without a farewell that is waited for."""
    if answer.connection is not None and answer.connection.transport is not None:
        answer.connection.transport.abort()


def _check_head(answer: aiohttp.ClientResponse, limit: int) -> None:
    if answer.status != _OK:
        raise BadAnswer(f"it answered {answer.status}")
    kind = answer.content_type
    if kind != "application/json" and not kind.endswith("+json"):
        raise BadAnswer("its content type is not JSON")
    if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise BadAnswer("it answered compressed, unasked")
    if (answer.content_length or 0) > limit:
        raise BadAnswer(f"it has more than {limit} bytes")


async def _read(answer: aiohttp.ClientResponse, limit: int) -> bytes:
    content = bytearray()
    async for chunk in answer.content.iter_chunked(_CHUNK):
        content += chunk
        if len(content) > limit:
            raise BadAnswer(f"it has more than {limit} bytes")
    return bytes(content)
