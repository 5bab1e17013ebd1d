"""Clients: everything that is registered of them, and whether they are let in."""

from datetime import date, datetime

from authly_server.model.client import AuthMethod, ClientOrigin, ClientType
from authly_server.model.registered_client import Changed, Managed, RegisteredClient, Stale
from authly_server.protocol import characters, errors, precondition
from authly_server.protocol.errors import ErrorCode, OAuthError
from authly_server.storage import registered_clients
from authly_server.web.admin import content
from authly_server.web.admin.operation import Call, Shape
from authly_server.web.response import Response


class Client(Shape):
    """A client, without anything that it proves itself by."""

    client_id: str
    display_name: str
    type: ClientType
    auth_method: AuthMethod
    grant_types: tuple[str, ...]
    redirect_uris: tuple[str, ...]
    scopes: tuple[str, ...]
    audiences: tuple[str, ...]
    enabled: bool
    """Whether it is let in; what it was granted before is good again once it is."""
    origin: ClientOrigin
    """Who registered it: the operator, the client itself, or its metadata document."""
    managed_by: str | None
    """The AuthlyClient that says all of this, as namespace/name; it is changed there."""
    require_pkce: bool
    dpop_bound: bool
    access_token_ttl: int | None
    """In seconds; null for the server's."""
    refresh_token_ttl: int | None
    """In seconds; null for the server's."""
    client_uri: str | None
    contacts: tuple[str, ...]
    created_at: datetime
    updated_at: datetime
    last_used_on: date | None
    """The day on which one that nobody manages was used last, if it was."""


class ClientChange(Shape):
    """What may be changed of a client."""

    enabled: bool
    """Whether it is let in."""


async def find_all(call: Call[Shape]) -> Response:
    """GET /clients."""
    page = call.page
    found = await registered_clients.find_after(
        call.services.database, page.after or "", page.limit + 1
    )
    return content.answer_list(page, found, _show, lambda client: client.client_id)


async def find(call: Call[Shape]) -> Response:
    """GET /clients/{client_id}."""
    client = await _get(call)
    return content.answer(_show(client), client.version)


async def change(call: Call[ClientChange]) -> Response:
    """PATCH /clients/{client_id}: as it is afterwards."""
    outcome = await registered_clients.set_enabled(
        call.services.database,
        _client_id(call),
        call.body.enabled,
        versions=call.versions,
        by=call.actor,
    )
    match outcome:
        case Managed(by):
            message = f"the AuthlyClient {by} says how this client is; change it there"
            raise OAuthError(ErrorCode.INVALID_REQUEST, message, 409)
        case Stale():
            raise precondition.changed()
        case None:
            raise errors.not_found()
        case Changed():
            return await find(call)


async def _get(call: Call[Shape]) -> RegisteredClient:
    client = await registered_clients.find(call.services.database, _client_id(call))
    if client is None:
        raise errors.not_found()
    return client


def _client_id(call: Call[Shape]) -> str:
    """The name in the path, if a client can have it (RFC 6749 appendix A.1)."""
    if not characters.is_vschar(call.name):
        raise errors.not_found()
    return call.name


def _show(client: RegisteredClient) -> Client:
    return content.show(Client, client)
