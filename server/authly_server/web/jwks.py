"""The public keys, RFC 7517: prepared anew only when the key ring is another one."""

from aiohttp import web

from authly_server.tokens.keyring import KeyRing, Keys
from authly_server.web.prepared import PreparedByKeys


MAX_AGE = 300
_DOCUMENT = web.AppKey("jwks", PreparedByKeys)


def install(app: web.Application, keys: Keys) -> None:
    """Keep the document with the application."""
    app[_DOCUMENT] = PreparedByKeys(keys, MAX_AGE, KeyRing.jwks_document)


async def get(request: web.Request) -> web.Response:
    """GET /jwks."""
    return request.app[_DOCUMENT].current().answer(request)
