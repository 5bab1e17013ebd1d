"""POST /introspect, RFC 7662: for confidential clients, about tokens that concern them."""

import orjson
from aiohttp import web

from authly_server.model.client import Client
from authly_server.protocol import presented_token, scope
from authly_server.protocol.parameters import parse_form
from authly_server.storage import refresh_tokens
from authly_server.storage.liveness import Question
from authly_server.tokens import access_token, opaque_token, refresh_token
from authly_server.tokens.access_token import AccessToken
from authly_server.tokens.refusal import TokenRefused
from authly_server.web import client_authentication, forms, repeated_request, services
from authly_server.web.description import Description
from authly_server.web.response import JSON, Response
from authly_server.web.services import Services


INACTIVE: dict[str, object] = {"active": False}
_INACTIVE = orjson.dumps(INACTIVE)


async def post(request: web.Request) -> Response:
    """What a token is worth now; "active": false and nothing else for all that is not known."""
    body = await forms.read_body(request)
    return await _again(request, body) or await _whatever(request, body)


async def _again(request: web.Request, body: bytes) -> Response | None:
    """About an access token that the same client has asked about in the same words.

    What it says stays the same; whether that is worth anything is asked each time.
    """
    found = services.of(request)
    known = await repeated_request.recognise(request, found.descriptions, body)
    if known is None:
        return None
    description = known[1]
    if not description.may_hold(found.keys.ring, found.clock.now()):
        return None
    is_live = await found.liveness.is_live(description.question)
    return Response(description.content if is_live else _INACTIVE, JSON)


async def _whatever(request: web.Request, body: bytes) -> Response:
    parameters, found = parse_form(body), services.of(request)
    client = await client_authentication.authenticate_confidential(request, parameters)
    token = presented_token.parse(parameters).token
    if token.startswith(refresh_token.PREFIX):
        members = await _refresh_token(found, client, token)
    elif token.startswith(opaque_token.PREFIX):
        members = await _opaque_token(found, client, token)
    else:
        return await _access_token(request, body, client, token)
    return Response(orjson.dumps(members), JSON)


async def _opaque_token(found: Services, client: Client, token: str) -> dict[str, object]:
    try:
        read = await opaque_token.find_live(found.database, token, found.issuer)
    except TokenRefused:
        return INACTIVE
    return _members(read) if _concerns(client, read, found.issuer) else INACTIVE


async def _access_token(request: web.Request, body: bytes, client: Client, token: str) -> Response:
    found = services.of(request)
    ring = found.keys.ring
    # Most are asked about once or often; what is asked about once is not worth being remembered.
    is_known = ring.verified.find(token) is not None
    try:
        read = await access_token.verify_in(
            found.turn, ring, token, found.issuer, found.clock.now()
        )
    except TokenRefused:
        return Response(_INACTIVE, JSON)
    if not _concerns(client, read, found.issuer):
        return Response(_INACTIVE, JSON)
    issued_at = int(read.issued_at.timestamp())
    question = Question(read.jti, read.client_id, read.grant_id, read.granted_to, issued_at)
    content = orjson.dumps(_members(read))
    if is_known:
        description = Description(ring, read.expires_at, question, content)
        repeated_request.remember(request, found.descriptions, body, client, description)
    return Response(content if await found.liveness.is_live(question) else _INACTIVE, JSON)


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
