"""POST /introspect, RFC 7662: for confidential clients, about tokens that concern them."""

import orjson
from aiohttp import web

from authly_server.model.client import Client
from authly_server.protocol import presented_token, scope
from authly_server.storage import refresh_tokens
from authly_server.storage.liveness import Question
from authly_server.tokens import access_token, opaque_token, refresh_token
from authly_server.tokens.access_token import AccessToken
from authly_server.tokens.refusal import TokenRefused
from authly_server.web import client_authentication, forms, services
from authly_server.web.response import JSON, Response
from authly_server.web.services import Services


INACTIVE: dict[str, object] = {"active": False}


async def post(request: web.Request) -> Response:
    """What a token is worth now; "active": false and nothing else for all that is not known."""
    parameters = await forms.read(request)
    client = await client_authentication.authenticate_confidential(request, parameters)
    token = presented_token.parse(parameters).token
    if token.startswith(refresh_token.PREFIX):
        members = await _refresh_token(services.of(request), client, token)
    elif token.startswith(opaque_token.PREFIX):
        members = await _opaque_token(services.of(request), client, token)
    else:
        members = await _access_token(services.of(request), client, token)
    return Response(orjson.dumps(members), JSON)


async def _opaque_token(found: Services, client: Client, token: str) -> dict[str, object]:
    try:
        read = await opaque_token.find_live(found.database, token, found.issuer)
    except TokenRefused:
        return INACTIVE
    return _members(read) if _concerns(client, read, found.issuer) else INACTIVE


async def _access_token(found: Services, client: Client, token: str) -> dict[str, object]:
    try:
        read = await access_token.verify_in(
            found.turn, found.keys.ring, token, found.issuer, found.clock.now()
        )
    except TokenRefused:
        return INACTIVE
    if not _concerns(client, read, found.issuer):
        return INACTIVE
    issued_at = int(read.issued_at.timestamp())
    question = Question(read.jti, read.client_id, read.grant_id, read.granted_to, issued_at)
    return _members(read) if await found.liveness.is_live(question) else INACTIVE


async def _refresh_token(found: Services, client: Client, token: str) -> dict[str, object]:
    """Only the client that holds it may ask; no resource server is ever shown one."""
    try:
        value = refresh_token.read(found.refresh_key, token)
    except TokenRefused:
        return INACTIVE
    is_live = await refresh_tokens.is_live(
        found.database, grant_id=value.grant_id, client_id=client.id, digest=value.digest
    )
    return {"active": True, "client_id": client.client_id} if is_live else INACTIVE


def _concerns(client: Client, token: AccessToken, issuer: str) -> bool:
    """Whether the token is the client's own, or meant for the resource server that it is.

    Section 4: what a token says is not for every client. One without an audience of its own is
    meant for whoever trusts the issuer.
    """
    names = {client.client_id, issuer, *client.audiences}
    return token.client_id == client.client_id or not names.isdisjoint(token.audience)


def _members(token: AccessToken) -> dict[str, object]:
    members: dict[str, object] = {
        "active": True,
        "scope": scope.format_names(token.scopes),
        "client_id": token.client_id,
        "token_type": token.token_type,
        "exp": int(token.expires_at.timestamp()),
        "iat": int(token.issued_at.timestamp()),
        "sub": token.subject,
        "aud": token.audience[0] if len(token.audience) == 1 else list(token.audience),
        "iss": token.issuer,
        "jti": token.jti,
    }
    if token.key_thumbprint is not None:
        members["cnf"] = {"jkt": token.key_thumbprint}  # RFC 9449 section 6.2
    if token.act is not None:
        members["act"] = token.act  # RFC 8693 section 4.1
    return members
