"""POST /revoke, RFC 7009: always 200 for an authenticated client, whatever became of the token."""

from aiohttp import web

from authly_server.model.client import Client
from authly_server.protocol import presented_token
from authly_server.storage import grants, opaque_tokens, tokens
from authly_server.tokens import access_token, opaque_token, refresh_token
from authly_server.tokens.refusal import TokenRefused
from authly_server.web import client_authentication, forms, services
from authly_server.web.response import Response
from authly_server.web.services import Services


async def post(request: web.Request) -> Response:
    """Revoke a refresh token with its whole grant, or one access token alone.

    The hint is not needed: the kinds are told apart by how they look (section 2.1).
    """
    parameters = await forms.read(request)
    client = await client_authentication.authenticate(request, parameters)
    token = presented_token.parse(parameters).token
    if token.startswith(refresh_token.PREFIX):
        await _revoke_grant(services.of(request), client, token)
    elif token.startswith(opaque_token.PREFIX):
        await _forget(services.of(request), client, token)
    else:
        await _invalidate(services.of(request), client, token)
    return Response()


async def _revoke_grant(found: Services, client: Client, token: str) -> None:
    try:
        value = refresh_token.read(found.refresh_key, token)
    except TokenRefused:
        return
    await grants.revoke(found.database, grant_id=value.grant_id, client_id=client.id)


async def _forget(found: Services, client: Client, token: str) -> None:
    try:
        digest = opaque_token.read(token)
    except TokenRefused:
        return
    await opaque_tokens.revoke(found.database, digest=digest, client_id=client.id)


async def _invalidate(found: Services, client: Client, token: str) -> None:
    try:
        read = access_token.verify(found.keys.ring, token, found.issuer, found.clock.now())
    except TokenRefused:
        return  # "invalid tokens do not cause an error response", section 2.2
    if read.client_id != client.client_id:
        return
    await tokens.invalidate(
        found.database,
        jti=read.jti,
        client_id=client.id,
        grant_id=read.grant_id,
        expires_at=read.expires_at,
    )
