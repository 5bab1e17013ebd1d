"""Token exchange, RFC 8693, among tokens of this issuer: never more comes out than went in.

Who may exchange a token is who it was issued to, or a confidential client that it names as an
audience; and that is also who may act for its subject (section 4.4, may_act).
"""

from authly_server.grants.issuing import Exchanged, Issue, Issuing, Outcome
from authly_server.model.client import Client, ClientType
from authly_server.protocol import errors, resource_indicator, scope
from authly_server.protocol.errors import ErrorCode, OAuthError
from authly_server.protocol.token_request import TokenExchangeRequest
from authly_server.storage import tokens
from authly_server.tokens import access_token, opaque_token
from authly_server.tokens.access_token import AccessToken, Actor
from authly_server.tokens.refusal import TokenRefused


async def exchange(
    issuing: Issuing, client: Client, request: TokenExchangeRequest, dpop_jkt: str | None
) -> Outcome:
    """A token for the same subject, with fewer scopes and audiences, and no longer life.

    Raises:
        OAuthError: unauthorized_client; invalid_request for a token that cannot be exchanged
            (section 2.2.2), invalid_scope or invalid_target for more than it has.
    """
    if client.type is not ClientType.CONFIDENTIAL:
        message = "a client that cannot prove itself may not exchange tokens"
        raise OAuthError(ErrorCode.UNAUTHORIZED_CLIENT, message)
    subject = await _read(issuing, request.subject_token, "subject_token")
    _check_may_act(client, subject)
    _check_key(client, subject, dpop_jkt)
    actors = subject.actors
    if request.actor_token is not None:
        actor = await _read(issuing, request.actor_token, "actor_token")
        actors = _chain(client, subject, actor, dpop_jkt)
    holder = subject.granted_to or subject.client_id
    return Issue(
        subject=subject.subject,
        scopes=_scopes(client, subject, request),
        resources=_audience(client, subject, request),
        grant_id=subject.grant_id,
        exchanged=Exchanged(
            expires_at=subject.expires_at,
            actors=actors,
            granted_to=None if holder == client.client_id else holder,
        ),
    )


async def _read(issuing: Issuing, text: str, name: str) -> AccessToken:
    """A live access token of ours; whatever else it is, nobody is told."""
    try:
        if text.startswith(opaque_token.PREFIX):
            return await opaque_token.find_live(issuing.database, text, issuing.issuer)
        token = access_token.verify(issuing.keys.ring, text, issuing.issuer, issuing.clock.now())
    except TokenRefused as error:
        raise _unacceptable(name) from error
    is_live = await tokens.is_live(
        issuing.database,
        jti=token.jti,
        grant_id=token.grant_id,
        client_id=token.client_id,
        granted_to=token.granted_to,
        issued_at=int(token.issued_at.timestamp()),
    )
    if not is_live:
        raise _unacceptable(name)
    return token


def _check_may_act(client: Client, subject: AccessToken) -> None:
    """It is the client's own token, or meant for it by name."""
    if client.client_id not in {subject.client_id, *subject.audience}:
        raise _unacceptable("subject_token")


def _check_key(client: Client, token: AccessToken, dpop_jkt: str | None) -> None:
    """A client's own token, if it is bound to a key, is worth nothing without it (RFC 9449).

    Who was sent one as a resource server has seen the proof, and cannot make another.
    """
    is_own = token.client_id == client.client_id
    if is_own and token.key_thumbprint not in {None, dpop_jkt}:
        raise errors.invalid_request("the token is bound to a key that the request does not prove")


def _chain(
    client: Client, subject: AccessToken, actor: AccessToken, dpop_jkt: str | None
) -> tuple[Actor, ...]:
    """Who acts now before those who did (section 4.1); an actor is nobody's delegate itself."""
    if actor.client_id != client.client_id or actor.actors:
        raise _unacceptable("actor_token")
    _check_key(client, actor, dpop_jkt)
    if len(subject.actors) >= access_token.MOST_ACTORS:
        raise errors.invalid_request("too many have acted for each other already")
    return (Actor(actor.subject, actor.client_id), *subject.actors)


def _scopes(client: Client, subject: AccessToken, request: TokenExchangeRequest) -> frozenset[str]:
    scopes = subject.scopes & client.scopes if request.scopes is None else request.scopes
    scope.check_allowed(scopes, subject.scopes)
    if not scopes and subject.scopes:
        message = "the token has no scope that this client may have"
        raise OAuthError(ErrorCode.INVALID_SCOPE, message)
    return scopes


def _audience(
    client: Client, subject: AccessToken, request: TokenExchangeRequest
) -> tuple[str, ...]:
    """What was asked for, all of which the token must have; else as much of it as can be had."""
    if request.resources:
        resource_indicator.check_allowed(request.resources, subject.audience)
        return request.resources
    if subject.client_id == client.client_id:
        return subject.audience
    allowed = tuple(name for name in subject.audience if name in client.audiences)
    if not allowed:
        message = "the token has no audience that this client may have tokens for"
        raise OAuthError(ErrorCode.INVALID_TARGET, message)
    return allowed


def _unacceptable(name: str) -> OAuthError:
    """Section 2.2.2: invalid_request for a token that is "invalid for any reason"."""
    return errors.invalid_request(f"{name} is no live access token that this client may exchange")
