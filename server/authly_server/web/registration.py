"""POST /register, RFC 7591; GET, PUT and DELETE /register/{client_id}, RFC 7592."""

from urllib.parse import quote

import orjson
from aiohttp import web

from authly_server.clients import metadata_document, registration
from authly_server.clients.registration import Registration
from authly_server.model.client import Client
from authly_server.protocol import bearer
from authly_server.protocol.errors import ErrorCode, OAuthError
from authly_server.storage import clients, described_clients
from authly_server.web import client_address, forms, rate_limit, services
from authly_server.web.paths import NAMED_SEGMENT
from authly_server.web.response import JSON, Response


async def post(request: web.Request) -> Response:
    """A new client, told once what only it may know."""
    found = services.of(request)
    registration.check_initial_token(_initial_token(request), _token(request))
    members = metadata_document.read_object(await forms.read_json(request))
    made = registration.create(members, await found.directory.terms(registration.METHODS))
    found.registrations.take(client_address.of(request))
    issued_at = await described_clients.register(
        found.database, made.client, limit=found.settings.dynamic_client_limit
    )
    if issued_at is None:
        message = "no more clients can be registered now"
        raise OAuthError(ErrorCode.TEMPORARILY_UNAVAILABLE, message, 503)
    return _answer(request, made, issued_at, status=201)


async def get(request: web.Request) -> Response:
    """What is registered; the token stays the same, and no secret is told again."""
    client = await _authenticated(request)
    issued_at = await described_clients.registered_at(services.of(request).database, client.id)
    shown = Registration(client, _token(request) or "")
    return _answer(request, shown, issued_at)


async def put(request: web.Request) -> Response:
    """All of the metadata anew, and a new token: the former one is void."""
    client = await _authenticated(request)
    found = services.of(request)
    members = metadata_document.read_object(await forms.read_json(request))
    terms = await found.directory.terms(registration.METHODS)
    changed = registration.change(client, members, terms)
    issued_at = await described_clients.replace(
        found.database, changed.client, former_token_digest=_digest(client)
    )
    if issued_at is None:
        raise _not_valid()
    return _answer(request, changed, issued_at)


async def delete(request: web.Request) -> Response:
    """The client and everything that was granted to it are gone."""
    client = await _authenticated(request)
    database = services.of(request).database
    if not await described_clients.remove(database, client, token_digest=_digest(client)):
        raise _not_valid()
    return Response(status=204)


async def _authenticated(request: web.Request) -> Client:
    """The client of the path, by its registration access token; asked of the database itself."""
    name = request[NAMED_SEGMENT]
    is_possible = name.isprintable() and name.isascii()
    client = await clients.find(services.of(request).database, name) if is_possible else None
    authenticated = registration.authenticate(client, _token(request))
    await rate_limit.prove(request)
    return authenticated


def _token(request: web.Request) -> str | None:
    return bearer.find(forms.authorization(request))


def _initial_token(request: web.Request) -> str | None:
    settings = services.of(request).settings
    return settings.initial_access_token if settings.dynamic_registration == "token" else None


def _digest(client: Client) -> bytes:
    return client.registration_token_digest or b""


def _not_valid() -> OAuthError:
    return OAuthError(ErrorCode.INVALID_TOKEN, "the registration access token is not valid")


def _answer(
    request: web.Request, made: Registration, issued_at: int, *, status: int = 200
) -> Response:
    issuer = services.of(request).issuer
    uri = f"{issuer}/register/{quote(made.client.client_id, safe='')}"
    body = orjson.dumps(made.members(uri, issued_at))
    return Response(body, JSON, status=status)
