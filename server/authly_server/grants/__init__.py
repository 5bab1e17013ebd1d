"""The token endpoint without HTTP: the phases that all grants share, and a file a grant type.

A grant answers Issue, Refuse or Replayed. What it consumed is committed by then, so that an error
raised here takes nothing back: a replay has revoked its grant although its sender gets an error.
"""

from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from authly_server import entropy, telemetry
from authly_server.clients import authentication
from authly_server.grants import (
    authorization_code,
    client_credentials,
    device_code,
    identity,
    opaque,
    refresh_token,
    token_exchange,
)
from authly_server.grants.issuing import Issue, Issuing, Outcome, Refuse, Replayed
from authly_server.model.client import Client
from authly_server.protocol import dpop, resource_indicator, scope, token_request
from authly_server.protocol.errors import ErrorCode, OAuthError
from authly_server.protocol.token_request import (
    AuthorizationCodeRequest,
    ClientCredentialsRequest,
    DeviceCodeRequest,
    RefreshTokenRequest,
    TokenExchangeRequest,
    TokenRequest,
)
from authly_server.tokens import access_token, opaque_token
from authly_server.tokens.access_token import AccessToken


JTI_BYTES = 16
_log = telemetry.logger(__name__)


@dataclass(frozen=True, slots=True)
class TokenResponse:
    """RFC 6749 section 5.1, OpenID Connect Core section 3.1.3.3 and RFC 8693 section 2.2.1.

    `expires_in` is in seconds, `told` what an access token says that is a JWT.
    """

    access_token: str
    expires_in: int
    scopes: frozenset[str]
    refresh_token: str | None
    id_token: str | None = None
    token_type: str = "Bearer"  # noqa: S105  # a kind of token, not one
    issued_token_type: str | None = None
    told: AccessToken | None = None

    def members(self) -> dict[str, object]:
        """The members of the JSON object."""
        told: dict[str, object] = {
            "access_token": self.access_token,
            "token_type": self.token_type,
            "expires_in": self.expires_in,
            "scope": scope.format_names(self.scopes),
        }
        if self.refresh_token is not None:
            told["refresh_token"] = self.refresh_token
        if self.id_token is not None:
            told["id_token"] = self.id_token
        if self.issued_token_type is not None:
            told["issued_token_type"] = self.issued_token_type
        return told


async def exchange(
    issuing: Issuing, client: Client, request: TokenRequest, dpop_jkt: str | None = None
) -> TokenResponse:
    """Answer a token request of an authenticated client.

    `dpop_jkt` is the thumbprint of the key that the request proves, which its tokens are bound to.

    Raises:
        OAuthError: with nothing consumed, but for a replay, whose grant is revoked.
    """
    authentication.check_may_use_grant(client, request.grant_type)
    _check_bound(issuing, client, dpop_jkt)
    _check_scopes(client, request)
    resource_indicator.check_allowed(request.resources, client.audiences)
    match await _dispatch(issuing, client, request, dpop_jkt):
        case Issue() as issue:
            return await _respond(issuing, client, issue, dpop_jkt)
        case Refuse(reason):
            _log.info("grant refused", reason=reason, grant_type=request.grant_type)
        case Replayed(grant_id):
            _log.warning("credential replayed", grant_id=grant_id, grant_type=request.grant_type)
    raise OAuthError(ErrorCode.INVALID_GRANT, "the grant is invalid, expired, revoked or used")


def _dispatch(
    issuing: Issuing, client: Client, request: TokenRequest, dpop_jkt: str | None
) -> Awaitable[Outcome]:
    match request:
        case ClientCredentialsRequest():
            return client_credentials.exchange(issuing, client, request)
        case RefreshTokenRequest():
            return refresh_token.exchange(issuing, client, request, dpop_jkt)
        case AuthorizationCodeRequest():
            return authorization_code.exchange(issuing, client, request, dpop_jkt)
        case DeviceCodeRequest():
            return device_code.exchange(issuing, client, request, dpop_jkt)
        case TokenExchangeRequest():
            return token_exchange.exchange(issuing, client, request, dpop_jkt)


def _check_bound(issuing: Issuing, client: Client, dpop_jkt: str | None) -> None:
    """RFC 9449 section 5.2, dpop_bound_access_tokens: no other tokens for this client, or any."""
    if (client.dpop_bound or issuing.profile.binds_tokens) and dpop_jkt is None:
        raise dpop.invalid("this client must send one with each token request")


def _check_scopes(client: Client, request: TokenRequest) -> None:
    """RFC 6749 section 3.3: nothing that the client is not registered for."""
    if isinstance(request, AuthorizationCodeRequest | DeviceCodeRequest):
        return  # what was granted is asked for again
    if request.scopes is not None:
        scope.check_allowed(request.scopes, client.scopes)


async def _respond(
    issuing: Issuing, client: Client, issue: Issue, dpop_jkt: str | None
) -> TokenResponse:
    now = issuing.clock.now().replace(microsecond=0)  # tokens tell whole seconds
    ttl = _lifetime(issuing, client, issue, now)
    # What was granted before the client lost a scope is not issued any more.
    scopes = issue.scopes & client.scopes
    exchanged = issue.exchanged
    token = AccessToken(
        issuer=issuing.issuer,
        subject=issue.subject,
        client_id=client.client_id,
        audience=_audience(issuing, client, issue),
        scopes=scopes,
        jti=entropy.draw(JTI_BYTES).hex(),
        grant_id=issue.grant_id,
        issued_at=now,
        expires_at=now + timedelta(seconds=ttl),
        key_thumbprint=dpop_jkt,
        actors=exchanged.actors if exchanged else (),
        granted_to=exchanged.granted_to if exchanged else None,
    )
    if issuing.are_opaque:
        text = issue.opaque_token or await _write(issuing, client, token, ttl)
    else:
        text = await issuing.turn.run(partial(access_token.issue, issuing.keys.ring, token))
    told = identity.of(issue, scopes)
    id_token = await identity.issue(issuing, client, told, text, ttl) if told else None
    return TokenResponse(
        access_token=text,
        expires_in=ttl,
        scopes=scopes,
        refresh_token=issue.refresh_token,
        id_token=id_token,
        token_type=token.token_type,
        issued_token_type=token_request.ACCESS_TOKEN if exchanged else None,
        told=None if issuing.are_opaque else token,
    )


async def _write(issuing: Issuing, client: Client, token: AccessToken, ttl: int) -> str:
    """The text of an opaque token, written by itself, for nothing is consumed."""
    text = opaque.draw_text()
    await opaque_token.write(issuing.database, text, token, client_id=client.id, ttl=ttl)
    return text


def _lifetime(issuing: Issuing, client: Client, issue: Issue, now: datetime) -> int:
    """The client's, or the server's; of an exchanged token what is left of the other's at most."""
    ttl = client.access_token_ttl or issuing.access_token_ttl
    if issue.exchanged is None:
        return ttl
    return min(ttl, int((issue.exchanged.expires_at - now).total_seconds()))


def _audience(issuing: Issuing, client: Client, issue: Issue) -> tuple[str, ...]:
    """RFC 9068 section 3: the resources asked for, else a default, here the client's audiences."""
    return issue.resources or client.audiences or (issuing.issuer,)
