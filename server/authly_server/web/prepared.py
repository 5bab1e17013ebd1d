"""Documents that are the same for everybody: bytes made once, with an ETag."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web

from authly_server.tokens.keyring import KeyRing, Keys
from authly_server.web.response import JSON, Response


@dataclass(frozen=True)
class Prepared:
    """A JSON document that caches may keep for `max_age` seconds."""

    body: bytes
    max_age: int
    etag: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "etag", hashlib.sha256(self.body).hexdigest()[:32])

    def answer(self, request: web.Request) -> Response:
        """The document, or 304 for one who has it (RFC 9110 section 13.1.2)."""
        headers, cache = {"ETag": f'"{self.etag}"'}, f"public, max-age={self.max_age}"
        if self._is_known(request):
            return Response(status=304, headers=headers, cache=cache)
        return Response(self.body, JSON, headers=headers, cache=cache)

    def _is_known(self, request: web.Request) -> bool:
        if "If-None-Match" not in request.headers:
            return False
        return any(tag.value in {self.etag, "*"} for tag in request.if_none_match or ())


class PreparedByKeys:
    """A document that depends on the key ring: made anew only when the ring is another one."""

    def __init__(self, keys: Keys, max_age: int, make: Callable[[KeyRing], bytes]) -> None:
        self._keys = keys
        self._max_age = max_age
        self._make = make
        self._made_of: KeyRing | None = None
        self._prepared = Prepared(b"", max_age)

    def current(self) -> Prepared:
        """The document of the ring of this moment."""
        ring = self._keys.ring
        if ring is not self._made_of:
            self._prepared = Prepared(self._make(ring), self._max_age)
            self._made_of = ring
        return self._prepared
