"""JWT access tokens (RFC 9068), issued and verified; their liveness is the database's to say."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from authly_server.protocol import scope
from authly_server.tokens import signed_jwt
from authly_server.tokens.keyring import KeyRing
from authly_server.tokens.refusal import TokenRefused
from authly_server.tokens.turn import Turn


TYPE = "at+jwt"
# Seconds by which the clock of the replica that issued may be ahead of the one that is asked.
LEEWAY = 30
# How many have acted for each other at most (RFC 8693 section 4.1).
MOST_ACTORS = 3


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts for somebody: a person or a client, by a token of that client."""

    subject: str
    client_id: str


@dataclass(frozen=True, slots=True)
class AccessToken:
    """An access token's claims; times are UTC in whole seconds.

    `subject` is the user's id, or the client's identifier where no user is involved; `grant_id`
    is None then. `key_thumbprint` is of the key that it is bound to (RFC 9449 section 6.1).
    `actors` act for the subject, the present one first, and `granted_to` is the client of the grant
    where that is another than the token's: it was exchanged (RFC 8693).
    """

    issuer: str
    subject: str
    client_id: str
    audience: tuple[str, ...]
    scopes: frozenset[str]
    jti: str
    grant_id: UUID | None
    issued_at: datetime
    expires_at: datetime
    key_thumbprint: str | None = None
    actors: tuple[Actor, ...] = ()
    granted_to: str | None = None

    @property
    def token_type(self) -> str:
        """How it is presented (RFC 6749 section 7.1)."""
        return "Bearer" if self.key_thumbprint is None else "DPoP"

    @property
    def act(self) -> dict[str, object] | None:
        """The act claim (RFC 8693 section 4.1): each actor within the one that came after."""
        claim: dict[str, object] | None = None
        for actor in reversed(self.actors):
            nested: dict[str, object] = {} if claim is None else {"act": claim}
            claim = {"sub": actor.subject, "client_id": actor.client_id} | nested
        return claim


def issue(ring: KeyRing, token: AccessToken) -> str:
    """Return the token signed by the ring's key for access tokens, which is known to be right."""
    text = signed_jwt.sign(ring.signer, TYPE, claims(token))
    ring.issued.keep(text, lambda: token)
    return text


def claims(token: AccessToken) -> dict[str, object]:
    """What a JWT says, in this order."""
    told: dict[str, object] = {
        "iss": token.issuer,
        "sub": token.subject,
        "aud": token.audience[0] if len(token.audience) == 1 else list(token.audience),
        "client_id": token.client_id,
        "scope": scope.format_names(token.scopes),
        "jti": token.jti,
        "iat": int(token.issued_at.timestamp()),
        "exp": int(token.expires_at.timestamp()),
    }
    if token.grant_id is not None:
        told["grant_id"] = str(token.grant_id)
    if token.key_thumbprint is not None:
        told["cnf"] = {"jkt": token.key_thumbprint}
    if token.act is not None:
        told["act"] = token.act
    if token.granted_to is not None:
        told["granted_to"] = token.granted_to
    return told


def verify(ring: KeyRing, token: str, issuer: str, now: datetime) -> AccessToken:
    """Return the claims of a token of ours that is valid at `now`; raises TokenRefused.

    Whom it is meant for is the caller's to check.
    """
    verified = ring.verified.find_or_take(ring.issued, token) or _verify(ring, token)
    _check(verified, issuer, now)
    return verified


async def verify_in(
    turn: Turn, ring: KeyRing, token: str, issuer: str, now: datetime
) -> AccessToken:
    """As `verify`; a signature that is not known to be right is verified in its turn."""
    verified = ring.verified.find_or_take(ring.issued, token)
    if verified is None:
        verified = await turn.run(partial(_verify, ring, token))
    _check(verified, issuer, now)
    return verified


def _verify(ring: KeyRing, token: str) -> AccessToken:
    verified = _read(signed_jwt.verify(ring, token, TYPE))
    ring.verified.keep(token, verified)
    return verified


def _read(told: dict[str, object]) -> AccessToken:
    text, grant_id = signed_jwt.read_text, told.get("grant_id")
    try:
        return AccessToken(
            issuer=text(told.get("iss")),
            subject=text(told.get("sub")),
            client_id=text(told.get("client_id")),
            audience=signed_jwt.read_texts(told.get("aud")),
            scopes=frozenset(text(told.get("scope", "")).split()),
            jti=text(told.get("jti")),
            grant_id=None if grant_id is None else UUID(text(grant_id)),
            issued_at=signed_jwt.read_time(told.get("iat")),
            expires_at=signed_jwt.read_time(told.get("exp")),
            key_thumbprint=_read_confirmation(told.get("cnf")),
            actors=_read_actors(told.get("act")),
            granted_to=_read_optional(told.get("granted_to")),
        )
    except ValueError:
        message = "a claim is missing or malformed"
        raise TokenRefused(message) from None


def _read_confirmation(value: object) -> str | None:
    """RFC 7800 section 3.1: the key is known by its thumbprint here, and by nothing else."""
    if value is None:
        return None
    if not isinstance(value, dict) or set(value) != {"jkt"}:
        message = "not bound in a way that is known here"
        raise ValueError(message)
    return signed_jwt.read_text(value["jkt"])


def _read_actors(value: object) -> tuple[Actor, ...]:
    actors: list[Actor] = []
    while value is not None:
        if not isinstance(value, dict) or len(actors) == MOST_ACTORS:
            message = "not a chain of actors, or too long a one"
            raise ValueError(message)
        text = signed_jwt.read_text
        actors.append(Actor(text(value.get("sub")), text(value.get("client_id"))))
        value = value.get("act")
    return tuple(actors)


def _read_optional(value: object) -> str | None:
    return None if value is None else signed_jwt.read_text(value)


def _check(token: AccessToken, issuer: str, now: datetime) -> None:
    if token.issuer != issuer:
        message = "of another issuer"
        raise TokenRefused(message)
    if token.expires_at <= now:
        message = "expired"
        raise TokenRefused(message)
    if (token.issued_at - now).total_seconds() > LEEWAY:
        message = "issued in the future"
        raise TokenRefused(message)
