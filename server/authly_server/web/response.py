"""What an endpoint answers: a whole response, which is written in one piece.

aiohttp's own adds, checks and joins its headers one by one, for every response anew, which costs
about as much as parsing the request. Here what all responses say is text made once.
"""

import functools
import time
from collections.abc import Awaitable, Callable, Mapping
from email.utils import formatdate
from http import HTTPStatus

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from typing_extensions import override


JSON = "application/json"
NO_STORE = "no-store"
# For everything that is not meant to be looked at.
NOT_A_PAGE = "default-src 'none'; frame-ancestors 'none'"
# What every response says (RFC 9700 sections 4.2.4 and 4.16; RFC 6797).
_ALWAYS = (
    "X-Content-Type-Options: nosniff\r\n"
    "X-Frame-Options: DENY\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Strict-Transport-Security: max-age=31536000\r\n"
)
_WITHOUT_BODY = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})


class Response(web.StreamResponse):
    """A response with its body.

    `cache` is its Cache-Control, `policy` its Content-Security-Policy. `set_cookies` are by name
    what follows the name in Set-Cookie. No version of anything is told to anybody.
    """

    def __init__(
        self,
        body: bytes = b"",
        media_type: str | None = None,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        cache: str = NO_STORE,
        policy: str = NOT_A_PAGE,
    ) -> None:
        super().__init__(status=status, headers=headers)
        self.body = body
        self.media_type = media_type
        self.cache = cache
        self.policy = policy
        self.set_cookies: dict[str, str] = {}
        self._ends_connection = False
        self._persists = False
        self._writer: AbstractStreamWriter | None = None

    @property
    @override
    def keep_alive(self) -> bool:
        """Whether the connection may be used again."""
        return self._persists

    @override
    def force_close(self) -> None:
        """Let this be the last response of its connection."""
        self._ends_connection = True

    @override
    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter:
        """Write all of it.

        Raises:
            ValueError: a header would end before its value does.
        """
        self._writer = request.writer
        self._persists = request.keep_alive and not self._ends_connection
        head = self._head(request).encode()
        has_body = request.method != "HEAD" and self.status not in _WITHOUT_BODY
        await self._writer.write(head + self.body if has_body else head)
        return self._writer

    @override
    async def write_eof(self, data: bytes = b"") -> None:
        """Wait until the client has taken enough of it to be sent more."""
        if self._writer is not None:
            await self._writer.drain()

    def _head(self, request: web.BaseRequest) -> str:
        return "".join(
            (
                _opening(*request.version, self.status, self.cache, self.policy),
                _lines(self.headers),
                self._cookie_lines() if self.set_cookies else "",
                _date(int(time.time())),
                self._content_lines(),
                self._connection_line(request),
                "\r\n",
            )
        )

    def _cookie_lines(self) -> str:
        return "".join(
            [_lines({"Set-Cookie": f"{name}={rest}"}) for name, rest in self.set_cookies.items()]
        )

    def _content_lines(self) -> str:
        if self.status in _WITHOUT_BODY:
            return ""
        length = f"Content-Length: {len(self.body)}\r\n"
        return length if self.media_type is None else f"Content-Type: {self.media_type}\r\n{length}"

    def _connection_line(self, request: web.BaseRequest) -> str:
        """RFC 9112 section 9.3: said where it is not the default of the version."""
        is_default = request.version >= (1, 1)
        if self._persists:
            return "" if is_default else "Connection: keep-alive\r\n"
        return "Connection: close\r\n" if is_default else ""


Handler = Callable[[web.Request], Awaitable[Response]]


@functools.lru_cache(maxsize=1024)
def _opening(major: int, minor: int, status: int, cache: str, policy: str) -> str:
    """What is the same for all responses of a kind."""
    told = {"Cache-Control": cache, "Content-Security-Policy": policy}
    governing = _lines(told | ({"Pragma": "no-cache"} if cache == NO_STORE else {}))
    return f"HTTP/{major}.{minor} {status} {HTTPStatus(status).phrase}\r\n{_ALWAYS}{governing}"


@functools.lru_cache(maxsize=2)
def _date(second: int) -> str:
    return f"Date: {formatdate(second, usegmt=True)}\r\n"


def _lines(headers: Mapping[str, str]) -> str:
    """Header lines; nothing in them is a control character, so that none can begin another."""
    lines = [f"{name}: {value}" for name, value in headers.items()]
    if not "".join(lines).isprintable():
        message = "a header has a character that no header may have"
        raise ValueError(message)
    lines.append("")
    return "\r\n".join(lines)
