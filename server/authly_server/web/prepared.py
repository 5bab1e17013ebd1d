"""Documents that are the same for everybody: bytes made once, with an ETag."""

import hashlib
from dataclasses import dataclass, field

from aiohttp import web


@dataclass(frozen=True)
class Prepared:
    """A JSON document that caches may keep for `max_age` seconds."""

    body: bytes
    max_age: int
    etag: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "etag", hashlib.sha256(self.body).hexdigest()[:32])

    def answer(self, request: web.Request) -> web.Response:
        """The document, or 304 for one who has it (RFC 9110 section 13.1.2)."""
        headers = {"ETag": f'"{self.etag}"', "Cache-Control": f"public, max-age={self.max_age}"}
        known = request.if_none_match or ()
        if any(tag.value in {self.etag, "*"} for tag in known):
            return web.Response(status=304, headers=headers)
        return web.Response(body=self.body, content_type="application/json", headers=headers)
