"""The authorization code grant, RFC 6749 section 4.1.3 with RFC 7636."""

from uuid import UUID

from authly_server import entropy
from authly_server.grants import opaque
from authly_server.grants.issuing import Issue, Issuing, Outcome, Refuse, Replayed
from authly_server.model.authorization_code import (
    CodeRedeemed,
    CodeRedemption,
    CodeRefused,
    CodeReplayed,
)
from authly_server.model.client import Client, ClientType
from authly_server.model.refresh_token import NewRefreshFamily
from authly_server.protocol import pkce, resource_indicator
from authly_server.protocol.token_request import AuthorizationCodeRequest
from authly_server.storage import authorization_codes, grants
from authly_server.tokens import authorization_code, digest, refresh_token
from authly_server.tokens.authorization_code import AuthorizationCode
from authly_server.tokens.refusal import TokenRefused


async def exchange(
    issuing: Issuing, client: Client, request: AuthorizationCodeRequest, dpop_jkt: str | None
) -> Outcome:
    """Redeem the code and start its refresh family, in one statement.

    Raises:
        OAuthError: invalid_target, with the code untouched.
    """
    try:
        code = authorization_code.read(request.code)
    except TokenRefused:
        return Refuse("malformed")
    await _check_resources(issuing, client, code, request.resources)
    token, family = start_family(issuing, client, code.grant_id, dpop_jkt)
    drawn = opaque.draw(issuing, client, dpop_jkt, resources=request.resources)
    outcome = await authorization_codes.redeem(
        issuing.database, _redemption(client, code, request, dpop_jkt), family, drawn.due
    )
    match outcome:
        case CodeRedeemed(grant, nonce):
            resources = request.resources or grant.resources
            subject = str(grant.user_id)
            return Issue(
                subject,
                grant.scopes,
                resources,
                grant.id,
                token,
                grant,
                nonce,
                opaque_token=drawn.text,
            )
        case CodeReplayed(grant_id):
            return Replayed(grant_id)
        case CodeRefused(reason):
            return Refuse(reason)


def _redemption(
    client: Client,
    code: AuthorizationCode,
    request: AuthorizationCodeRequest,
    dpop_jkt: str | None,
) -> CodeRedemption:
    verifier = request.code_verifier
    challenge = None if verifier is None else pkce.s256(verifier)
    return CodeRedemption(code.digest, client.id, request.redirect_uri, challenge, dpop_jkt)


def start_family(
    issuing: Issuing, client: Client, grant_id: UUID, dpop_jkt: str | None
) -> tuple[str | None, NewRefreshFamily | None]:
    """The first refresh token of a grant and the family to write for it, where the client has any.

    RFC 9449 section 5: a public client's is bound to its key, for it proves itself by nothing else.
    """
    if "refresh_token" not in client.grant_types:
        return None, None
    nonce = entropy.draw(refresh_token.NONCE_BYTES)
    token = refresh_token.first(issuing.refresh_key, grant_id, nonce)
    ttl = client.refresh_token_ttl or issuing.refresh_token_ttl
    bound_to = dpop_jkt if client.type is ClientType.PUBLIC else None
    return token, NewRefreshFamily(digest.sha256(token), ttl, bound_to)


async def _check_resources(
    issuing: Issuing, client: Client, code: AuthorizationCode, requested: tuple[str, ...]
) -> None:
    """RFC 8707 section 2.2: a subset of what was granted; asked before the code is consumed."""
    if not requested:
        return
    grant = await grants.find(issuing.database, code.grant_id)
    if grant is not None and grant.client_id == client.id and grant.resources:
        resource_indicator.check_allowed(requested, grant.resources)
