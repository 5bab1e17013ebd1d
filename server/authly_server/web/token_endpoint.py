"""POST /token, its alias /auth/token, and /auth/refresh."""

import contextlib
from collections.abc import Callable
from functools import partial

import orjson
from aiohttp import web

from authly_server import grants
from authly_server.grants import standing_answer
from authly_server.model.client import Client, ClientOrigin
from authly_server.protocol import token_request
from authly_server.protocol.errors import ErrorCode, OAuthError
from authly_server.protocol.parameters import Parameters, parse_form
from authly_server.protocol.token_request import CLIENT_CREDENTIALS, TokenRequest
from authly_server.storage import described_clients
from authly_server.storage.errors import Unavailable
from authly_server.web import (
    client_authentication,
    forms,
    proof_of_possession,
    rate_limit,
    repeated_request,
    services,
)
from authly_server.web.response import JSON, Response
from authly_server.web.services import Services


# Whoever is told to wait has a device code that we gave out (RFC 8628 section 3.5).
_OF_GENUINE_CODES = frozenset({ErrorCode.AUTHORIZATION_PENDING, ErrorCode.SLOW_DOWN})
_OF_MACHINES = CLIENT_CREDENTIALS.encode()


async def post(request: web.Request) -> Response:
    """RFC 6749 section 3.2."""
    body = await forms.read_body(request)
    return await _again(request, body) or await _counted(request, body, token_request.parse)


async def refresh(request: web.Request) -> Response:
    """The deployment guide's refresh endpoint: grant_type=refresh_token may be left out."""
    return await _counted(request, await forms.read_body(request), token_request.parse_refresh)


async def _again(request: web.Request, body: bytes) -> Response | None:
    """The answer to client credentials that have been asked for in the same words before.

    Other grants consume something and are never the same twice: they are not even looked up.
    """
    if _OF_MACHINES not in body:
        return None
    found = services.of(request)
    known = await repeated_request.recognise(request, found.standing_answers, body)
    if known is None or not known[1].is_of(found.keys.ring):
        return None
    client, standing = known
    found.token_uses.note(client.id)
    found.metrics.count_issued(CLIENT_CREDENTIALS)
    issuing = found.issuing
    return Response(await issuing.turn.run(partial(standing.answer, issuing)), JSON)


async def _counted(
    request: web.Request, body: bytes, parse: Callable[[Parameters], TokenRequest]
) -> Response:
    """Answer, and count how that ended.

    What is consumed and what is issued for it belong together: nothing here is broken off when the
    client hangs up, for the listener cancels no handler.
    """
    parameters, found = parse_form(body), services.of(request)
    try:
        wanted = parse(parameters)
        client = await client_authentication.authenticate(request, parameters)
        dpop_jkt = await proof_of_possession.find(request)
        issued = await grants.exchange(found.issuing, client, wanted, dpop_jkt)
    except OAuthError as error:
        if error.error in _OF_GENUINE_CODES:
            await rate_limit.prove(request)
        found.metrics.token_errors.labels(str(error.error)).inc()
        raise
    if client.origin is ClientOrigin.OPERATOR:
        found.token_uses.note(client.id)
    else:
        await _note_use(found, client)
    await rate_limit.prove(request)
    found.metrics.count_issued(wanted.grant_type)
    if wanted.grant_type == CLIENT_CREDENTIALS and client.origin is ClientOrigin.OPERATOR:
        _expect(request, body, client, issued)
    return Response(orjson.dumps(issued.members()), JSON)


def _expect(
    request: web.Request, body: bytes, client: Client, issued: grants.TokenResponse
) -> None:
    """Remember what client credentials came to; not where each token is a row of its own."""
    found = services.of(request)
    standing = standing_answer.of(found.issuing, issued)
    if standing is not None:
        repeated_request.remember(request, found.standing_answers, body, client, standing)


async def _note_use(found: Services, client: Client) -> None:
    """A client that nobody looked at is forgotten when it is not used; once a day this keeps it.

    What was issued is issued: a database that goes away now must not take it back.
    """
    if client.last_used_on == found.clock.now().date():
        return
    with contextlib.suppress(Unavailable):
        await described_clients.touch(found.database, client.id)
