"""JWT access tokens (RFC 9068), issued and verified; their liveness is the database's to say."""

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import jwt
import orjson

from authly_server.protocol import scope
from authly_server.tokens import strict_json
from authly_server.tokens.keyring import KeyRing
from authly_server.tokens.refusal import TokenRefused
from authly_server.tokens.signing_key import SigningKey


MAX_LENGTH = 16 * 1024
TYPE = "at+jwt"
LEEWAY = 5
_HEADER_NAMES = frozenset({"alg", "typ", "kid"})
_LAST_SECOND = 253_402_300_799
_PARTS = 3
_JWS = jwt.PyJWS()


@dataclass(frozen=True, slots=True)
class AccessToken:
    """An access token's claims; times are UTC in whole seconds.

    `subject` is the user's id, or the client's identifier where no user is involved; `grant_id`
    is None then.
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


def issue(ring: KeyRing, token: AccessToken) -> str:
    """Return the token signed by the ring's active key."""
    key = ring.active
    header = {"typ": TYPE, "kid": key.kid}
    return _JWS.encode(orjson.dumps(_claims(token)), key.private, key.alg, header)


def _claims(token: AccessToken) -> dict[str, object]:
    claims: dict[str, object] = {
        "iss": token.issuer,
        "sub": token.subject,
        "aud": token.audience[0] if len(token.audience) == 1 else list(token.audience),
        "client_id": token.client_id,
        "scope": scope.format_names(token.scopes),
        "jti": token.jti,
        "iat": int(token.issued_at.timestamp()),
        "exp": int(token.expires_at.timestamp()),
    }
    return claims if token.grant_id is None else claims | {"grant_id": str(token.grant_id)}


def verify(ring: KeyRing, token: str, issuer: str, now: datetime) -> AccessToken:
    """Return the claims of a token of ours that is valid at `now`; raises TokenRefused.

    The key decides the algorithm, never the token (RFC 8725 section 3.1), and no header but the
    three that we write is understood. Whom it is meant for is the caller's to check.
    """
    key = _key(ring, token)
    try:
        payload = _JWS.decode(token, key.verifier, algorithms=[key.alg])  # type: ignore[arg-type]  # the verifier fits the algorithm by construction
    except (jwt.PyJWTError, ValueError):
        message = "the signature is wrong"
        raise TokenRefused(message) from None
    verified = _read(strict_json.read_object(payload))
    _check(verified, issuer, now)
    return verified


def _key(ring: KeyRing, token: str) -> SigningKey:
    if len(token) > MAX_LENGTH or not token.isascii() or token.count(".") != _PARTS - 1:
        message = "not a JWT"
        raise TokenRefused(message)
    header = strict_json.read_object(_decode(token.partition(".")[0]))
    kid = header.get("kid")
    key = ring.keys.get(kid) if isinstance(kid, str) else None
    if key is None or not header.keys() <= _HEADER_NAMES:
        message = "not signed by a key of ours"
        raise TokenRefused(message)
    if header.get("alg") != key.alg or header.get("typ") != TYPE:
        message = "not an access token of this key's algorithm"
        raise TokenRefused(message)
    return key


def _decode(part: str) -> bytes:
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        message = "not a JWT"
        raise TokenRefused(message) from None


def _read(claims: dict[str, object]) -> AccessToken:
    audience = claims.get("aud")
    values = audience if isinstance(audience, list) else [audience]
    grant_id = claims.get("grant_id")
    try:
        return AccessToken(
            issuer=_text(claims.get("iss")),
            subject=_text(claims.get("sub")),
            client_id=_text(claims.get("client_id")),
            audience=tuple(map(_text, values)),
            scopes=frozenset(_text(claims.get("scope", "")).split()),
            jti=_text(claims.get("jti")),
            grant_id=None if grant_id is None else UUID(_text(grant_id)),
            issued_at=_time(claims.get("iat")),
            expires_at=_time(claims.get("exp")),
        )
    except ValueError:
        message = "a claim is missing or malformed"
        raise TokenRefused(message) from None


def _text(value: object) -> str:
    if not isinstance(value, str) or "\0" in value:
        message = "not text"
        raise ValueError(message)
    value.encode()
    return value


def _time(value: object) -> datetime:
    if type(value) is not int or value not in range(_LAST_SECOND + 1):
        message = "not a time"
        raise ValueError(message)
    return datetime.fromtimestamp(value, UTC)


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
