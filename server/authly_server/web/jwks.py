"""The public keys, RFC 7517: prepared anew only when the key ring is another one."""

from aiohttp import web

from authly_server.tokens.keyring import KeyRing, Keys
from authly_server.web.prepared import PreparedByKeys
from authly_server.web.response import Response


MAX_AGE = 300
DOCUMENT = web.RequestKey("jwks", PreparedByKeys)


def prepare(keys: Keys) -> PreparedByKeys:
    """The document of each key ring."""
    return PreparedByKeys(keys, MAX_AGE, KeyRing.jwks_document)


async def get(request: web.Request) -> Response:
    """GET /jwks."""
    return request[DOCUMENT].current().answer(request)
