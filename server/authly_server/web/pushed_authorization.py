"""POST /par, RFC 9126."""

import orjson
from aiohttp import web

from authly_server.authorization import admission, hint, pushed
from authly_server.clients import authentication
from authly_server.model.client import Client
from authly_server.protocol.parameters import Parameters
from authly_server.storage import errors as storage_errors
from authly_server.web import (
    client_authentication,
    conversation,
    forms,
    proof_of_possession,
    services,
)
from authly_server.web.response import JSON, Response


async def post(request: web.Request) -> Response:
    """Check a request as the authorization endpoint would, keep it, and answer its handle."""
    form = await forms.read(request)
    client = await client_authentication.authenticate(request, form)
    asked = pushed.own(form, client, await proof_of_possession.find(request))
    await _check(request, client, asked)
    query = conversation.portable(request, asked)
    try:
        request_uri = await pushed.push(services.of(request).database, client, query)
    except storage_errors.Vanished as error:
        raise authentication.invalid_client() from error
    body = orjson.dumps({"request_uri": request_uri, "expires_in": pushed.LIFETIME})
    return Response(body, JSON, status=201)


async def _check(request: web.Request, client: Client, asked: Parameters) -> None:
    """Section 2.1: "validate the pushed request as it would an authorization request".

    Raises:
        OAuthError: for the client, whose redirect URI is not used for it.
    """
    found = services.of(request)
    await admission.recognise(found.directory, asked)
    wanted = await admission.admit(found.default_scopes, client, asked, found.policy)
    hint.subjects(wanted, client, found.keys.ring, found.issuer)
