"""HTTP to one API server: requests that end in time, and answers as plain dicts or errors.

Manifests stay dicts from the builder to the wire; a client library with generated models would
cost more memory than all else (ADR 44). Used by `client` only.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp

from authly_operator import naming
from authly_operator.cluster import errors
from authly_operator.cluster.access import Access


SECONDS: Final = aiohttp.ClientTimeout(total=30, connect=5)
CONCURRENT: Final = 50
"""Requests at a time; watches, which last, are not counted."""
LONGEST_LINE: Final = 2 * 1024 * 1024
"""Bytes; a watch event is one line, and etcd keeps objects of 1.5 MiB."""
RETRIES: Final = 3
"""How often a request is sent again because its answer said when."""
LONGEST_WAIT: Final = 10.0
"""Seconds; who is asked to wait longer gives up, and its resource's turn comes again by then."""
_LONGEST_TOLD: Final = 300.0
"""A Retry-After beyond this is somebody's mistake: resources are looked at anyway."""
_FAILURE: Final = 400
_INTERNAL_ERROR: Final = 500
_QUOTING: Final = frozenset({400, 422, 500})
"""Refusals whose message may quote what was sent."""

READS: Final = frozenset({"GET"})

Manifest = dict[str, Any]
Fence = Callable[[], object]
"""Raises where this process may write no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request; empty parameters are left out.

    Attributes:
        confidential: whether the body holds a Secret, so that no refusal may quote it.
    """

    method: str
    path: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    body: object = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    patience: aiohttp.ClientTimeout = SECONDS
    confidential: bool = False


class Connection:
    """One connection pool to one API server; whatever is sent goes through `_send`.

    `fence` is asked before each request that is no read, at the last moment.
    """

    def __init__(self, access: Access, fence: Fence | None = None) -> None:
        self._access = access
        self._fence = fence
        self._session = aiohttp.ClientSession(
            # No limit: watches would use up any; see CONCURRENT.
            connector=aiohttp.TCPConnector(limit=0, ssl=access.trust),
            read_bufsize=LONGEST_LINE,
            trust_env=True,  # HTTPS_PROXY and NO_PROXY
        )
        self._free = asyncio.Semaphore(CONCURRENT)

    async def close(self) -> None:
        """Close every connection."""
        await self._session.close()

    async def request(self, request: Request) -> Manifest:
        """Send a request and answer the JSON object of its response.

        Sent again where the answer has a Retry-After (RFC 9110, 10.2.3) of a few seconds, as the
        API server's priority and fairness does: whatever is written here may be written twice.

        Raises:
            errors.Unavailable: no answer in time, none at all, or no JSON.
            errors.Refused: the API server said no.
        """
        for _ in range(RETRIES):
            try:
                return await self._once(request)
            except errors.Unavailable as unavailable:
                if not 0 < unavailable.after <= LONGEST_WAIT:
                    raise
                await asyncio.sleep(unavailable.after)
        return await self._once(request)

    async def _once(self, request: Request) -> Manifest:
        async with self._free, self.opened(request) as response:
            try:
                answer: Manifest = json.loads(await response.read())
            except ValueError as failure:
                message = "the API server answered with what is no JSON"
                raise errors.Unavailable(message) from failure
            return answer

    @asynccontextmanager
    async def opened(self, request: Request) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send a request and hand out its response while the body is still to be read.

        Raises:
            errors.Unavailable: no answer in time, or the connection broke.
            errors.Refused: the API server said no.
        """
        try:
            async with await self._send(request) as response:
                if response.status >= _FAILURE:
                    raise await _failure(response, confidential=request.confidential)
                yield response
        except (TimeoutError, aiohttp.ClientError, OSError) as failure:
            reason = str(failure) or type(failure).__name__
            message = f"the API server cannot be reached: {reason}"
            raise errors.Unavailable(message) from failure

    async def _send(self, request: Request) -> aiohttp.ClientResponse:
        headers = {
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": naming.FIELD_MANAGER,
            **request.headers,
        }
        if authorization := self._access.authorize():
            headers["Authorization"] = authorization
        if self._fence is not None and request.method not in READS:
            self._fence()
        return await self._session.request(
            request.method,
            self._access.host + request.path,
            params={key: text for key, text in request.parameters.items() if text},
            headers=headers,
            data=None if request.body is None else json.dumps(request.body),
            timeout=request.patience,
            server_hostname=self._access.server_name,
        )


async def _failure(
    response: aiohttp.ClientResponse, *, confidential: bool
) -> errors.Refused | errors.Unavailable:
    refused = errors.Refused.of(response.status, await response.read())
    after = _retry_after(response.headers.get("Retry-After", ""))
    if response.status in errors.OVERLOADED or (after and response.status >= _INTERNAL_ERROR):
        return errors.Unavailable(str(refused), after)
    if confidential and response.status in _QUOTING:
        told = f"{refused.reason or response.status}: details could quote the Secret"
        return errors.Refused(refused.status, refused.reason, told)
    return refused


def _retry_after(text: str) -> float:
    """Seconds; 0 where nothing is said, or a date, which Kubernetes never says."""
    return min(float(text), _LONGEST_TOLD) if text.isdecimal() else 0.0


async def events(response: aiohttp.ClientResponse) -> AsyncIterator[Manifest]:
    """Watch events, one a line.

    Raises:
        errors.Unavailable: it broke off.
        errors.Refused: the API server said why it ends.
    """
    async for line in response.content:
        try:
            event: Manifest = json.loads(line)
        except ValueError as failure:
            message = "the watch broke off within an event"
            raise errors.Unavailable(message) from failure
        if event["type"] == "ERROR":
            told = event["object"]
            raise errors.Refused(
                told.get("code", 500), told.get("reason", ""), told.get("message", "")
            )
        yield event
