"""The refresh token grant, RFC 6749 section 6; it rotates (RFC 9700 section 4.14.2), or not."""

from authly_server.grants import opaque
from authly_server.grants.issuing import Issue, Issuing, Outcome, Refuse, Replayed
from authly_server.model.client import Client, ClientType
from authly_server.model.refresh_token import (
    RefreshRefused,
    RefreshReplayed,
    RefreshRotation,
    Rotated,
)
from authly_server.protocol import resource_indicator, scope
from authly_server.protocol.token_request import RefreshTokenRequest
from authly_server.storage import grants, refresh_tokens
from authly_server.tokens import refresh_token
from authly_server.tokens.refresh_token import RefreshTokenValue
from authly_server.tokens.refusal import TokenRefused


# A client that lost the response asks again within its own timeout, which is seldom longer.
GRACE = 30


async def exchange(
    issuing: Issuing, client: Client, request: RefreshTokenRequest, dpop_jkt: str | None
) -> Outcome:
    """Rotate the token: its successor is the answer, also to one who asks again at once.

    Where the profile rotates none, the token itself is the answer, each time.

    Raises:
        OAuthError: invalid_scope or invalid_target, with the token untouched.
    """
    try:
        presented = refresh_token.read(issuing.refresh_key, request.refresh_token)
        successor = presented.successor(issuing.refresh_key)
    except TokenRefused:
        return Refuse("malformed")
    await _check_within_grant(issuing, client, presented, request)
    drawn = opaque.draw(
        issuing, client, dpop_jkt, scopes=request.scopes, resources=request.resources
    )
    outcome = await refresh_tokens.rotate(
        issuing.database, _rotation(issuing, client, presented, successor, dpop_jkt), drawn.due
    )
    match outcome:
        case Rotated(grant, retried, kept):
            scopes = grant.scopes if request.scopes is None else request.scopes
            resources = request.resources or grant.resources
            subject = str(grant.user_id)
            return Issue(
                subject,
                scopes,
                resources,
                grant.id,
                presented.text if kept else successor.text,
                grant,
                opaque_token=None if retried else drawn.text,
            )
        case RefreshReplayed(grant_id):
            return Replayed(grant_id)
        case RefreshRefused(reason):
            return Refuse(reason)


def _rotation(
    issuing: Issuing,
    client: Client,
    presented: RefreshTokenValue,
    successor: RefreshTokenValue,
    dpop_jkt: str | None,
) -> RefreshRotation:
    return RefreshRotation(
        grant_id=presented.grant_id,
        client_id=client.id,
        generation=presented.generation,
        presented_digest=presented.digest,
        successor_digest=successor.digest,
        ttl=client.refresh_token_ttl or issuing.refresh_token_ttl,
        grace=GRACE,
        dpop_jkt=dpop_jkt,
        binds=client.type is ClientType.PUBLIC,
        keeps=not issuing.profile.rotates_refresh_tokens,
    )


async def _check_within_grant(
    issuing: Issuing, client: Client, presented: RefreshTokenValue, request: RefreshTokenRequest
) -> None:
    """RFC 6749 section 6: no scope "not originally granted by the resource owner"; RFC 8707, 2.2.

    Asked before the rotation, so that a mistake does not cost the token.
    """
    if request.scopes is None and not request.resources:
        return
    grant = await grants.find(issuing.database, presented.grant_id)
    if grant is None or grant.client_id != client.id:
        return
    scope.check_allowed(request.scopes or frozenset(), grant.scopes)
    if grant.resources:
        resource_indicator.check_allowed(request.resources, grant.resources)
