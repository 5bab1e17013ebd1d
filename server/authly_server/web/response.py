"""What an endpoint answers: a whole response, which is written in one piece.

aiohttp's own adds, checks and joins its headers one by one, for every response anew, which costs
about as much as parsing the request. Here what all responses say is text made once, and a response
is nothing but what aiohttp's connections ask of one: `prepare`, `write_eof` and `keep_alive`.
"""

import functools
import time
from collections.abc import Awaitable, Callable, Mapping
from email.utils import formatdate
from http import HTTPStatus

from aiohttp import HttpVersion, web
from aiohttp.abc import AbstractStreamWriter
from multidict import CIMultiDict


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


class Response:
    """A response with its body.

    `cache` is its Cache-Control, `policy` its Content-Security-Policy. `set_cookies` are by name
    what follows the name in Set-Cookie. No version of anything is told to anybody.

    What surrounds the endpoint sets `reference`, the request's own hexadecimal name, and whether
    the answer `varies_by_origin`. `keep_alive` says whether the connection may be used again.
    """

    __slots__ = (
        "_ends_connection",
        "_writer",
        "body",
        "cache",
        "headers",
        "keep_alive",
        "media_type",
        "policy",
        "reference",
        "set_cookies",
        "status",
        "varies_by_origin",
    )

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
        self.body = body
        self.media_type = media_type
        self.status = status
        self.headers: CIMultiDict[str] = CIMultiDict() if headers is None else CIMultiDict(headers)
        self.cache = cache
        self.policy = policy
        self.set_cookies: dict[str, str] = {}
        self.reference = ""
        self.varies_by_origin = False
        self.keep_alive = False
        self._ends_connection = False
        self._writer: AbstractStreamWriter | None = None

    def force_close(self) -> None:
        """Let this be the last response of its connection."""
        self._ends_connection = True

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter:
        """Write all of it.

        Raises:
            ValueError: a header would end before its value does.
        """
        self._writer = writer = request.writer
        self.keep_alive = request.keep_alive and not self._ends_connection
        content = self._head(request).encode()
        if self.status not in _WITHOUT_BODY and request.method != "HEAD":
            content += self.body
        await writer.write(content)
        return writer

    async def write_eof(self) -> None:
        """Wait until the client has taken enough of it to be sent more."""
        if self._writer is not None:
            await self._writer.drain()

    def _head(self, request: web.BaseRequest) -> str:
        version = request.version
        opening = _opening(version, self.status, self.cache, self.policy, self.media_type)
        return (
            f"{opening}{self._own_lines()}{_date(int(time.time()))}"
            f"{_connection_line(self.keep_alive, version)}\r\n"
        )

    def _own_lines(self) -> str:
        """What is this response's alone."""
        lines = f"X-Request-Id: {self.reference}\r\n" if self.reference else ""
        if self.varies_by_origin:
            lines += "Vary: Origin\r\n"
        if self.status not in _WITHOUT_BODY:
            lines += f"Content-Length: {len(self.body)}\r\n"
        if self.headers:
            lines += _lines(self.headers)
        for name, rest in self.set_cookies.items():
            lines += _lines({"Set-Cookie": f"{name}={rest}"})
        return lines


Handler = Callable[[web.Request], Awaitable[Response]]


@functools.lru_cache(maxsize=1024)
def _opening(
    version: HttpVersion, status: int, cache: str, policy: str, media_type: str | None
) -> str:
    """What is the same for all responses of a kind."""
    told = {"Cache-Control": cache, "Content-Security-Policy": policy}
    if cache == NO_STORE:
        told["Pragma"] = "no-cache"
    if media_type is not None and status not in _WITHOUT_BODY:
        told["Content-Type"] = media_type
    major, minor = version
    return f"HTTP/{major}.{minor} {status} {HTTPStatus(status).phrase}\r\n{_ALWAYS}{_lines(told)}"


@functools.lru_cache(maxsize=2)
def _date(second: int) -> str:
    return f"Date: {formatdate(second, usegmt=True)}\r\n"


def _connection_line(persists: bool, version: HttpVersion) -> str:
    """RFC 9112 section 9.3: said where it is not the default of the version."""
    if persists == (version >= (1, 1)):
        return ""
    return "Connection: keep-alive\r\n" if persists else "Connection: close\r\n"


def _lines(headers: Mapping[str, str]) -> str:
    """Header lines; nothing in them is a control character, so that none can begin another."""
    lines = [f"{name}: {value}" for name, value in headers.items()]
    if not "".join(lines).isprintable():
        message = "a header has a character that no header may have"
        raise ValueError(message)
    lines.append("")
    return "\r\n".join(lines)
