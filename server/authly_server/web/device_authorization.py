"""POST /device_authorization, RFC 8628 section 3.1."""

from urllib.parse import urlencode

import orjson
from aiohttp import web

from authly_server.authorization import device
from authly_server.authorization.device import Started
from authly_server.clients import authentication
from authly_server.protocol import device_authorization, token_request, user_code
from authly_server.storage import errors as storage_errors
from authly_server.web import client_authentication, forms, services
from authly_server.web.response import JSON, Response


async def post(request: web.Request) -> Response:
    """Give a device its two codes."""
    form = await forms.read(request)
    found = services.of(request)
    client = await client_authentication.authenticate(request, form)
    authentication.check_may_use_grant(client, token_request.DEVICE_CODE)
    wanted = device_authorization.parse(form)
    scopes = await device.check(found.default_scopes, client, wanted)
    try:
        started = await device.start(
            found.database, found.user_codes, client, scopes=scopes, resources=wanted.resources
        )
    except storage_errors.Vanished as error:
        raise authentication.invalid_client() from error
    body = orjson.dumps(_members(found.issuer, started))
    return Response(body, JSON)


def _members(issuer: str, started: Started) -> dict[str, object]:
    """Section 3.2."""
    shown = user_code.display(started.user_code)
    return {
        "device_code": started.device_code,
        "user_code": shown,
        "verification_uri": f"{issuer}/device",
        "verification_uri_complete": f"{issuer}/device?{urlencode({'user_code': shown})}",
        "expires_in": device.LIFETIME,
        "interval": device.INTERVAL,
    }
