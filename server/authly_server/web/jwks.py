"""The public keys, RFC 7517: prepared anew only when the key ring is another one."""

from aiohttp import web

from authly_server.grants.issuing import Keys
from authly_server.tokens.keyring import KeyRing
from authly_server.web.prepared import Prepared


MAX_AGE = 300


class Document:
    """The document of the ring of this moment."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._made_of: KeyRing | None = None
        self._prepared = Prepared(b"", MAX_AGE)

    def current(self) -> Prepared:
        """The prepared bytes, made again if the ring has changed."""
        ring = self._keys.ring
        if ring is not self._made_of:
            self._prepared = Prepared(ring.jwks_document(), MAX_AGE)
            self._made_of = ring
        return self._prepared


_DOCUMENT = web.AppKey("jwks", Document)


def install(app: web.Application, keys: Keys) -> None:
    """Keep the document with the application."""
    app[_DOCUMENT] = Document(keys)


async def get(request: web.Request) -> web.Response:
    """GET /jwks."""
    return request.app[_DOCUMENT].current().answer(request)
