"""What a client assertion must claim: private_key_jwt, RFC 7523 section 3, OIDC Core section 9."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from authly_server.protocol import compact_jws
from authly_server.protocol.compact_jws import CompactJws


TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
# As far ahead as clients write by default (Authlib does); what is of long ago is refused sooner.
LIFETIME: Final = 3600
MOST_AGE: Final = 300
LEEWAY: Final = 10
MOST_JTI_CHARACTERS: Final = 1024
# RFC 8725 section 3.11: a JWT that was made for something else says so by its type.
_TYPES = frozenset({"jwt", "client-authentication+jwt"})


class AssertionRefused(Exception):  # noqa: N818  # a verdict on what somebody sent
    """The assertion proves nothing; the reason is for the log, a client learns invalid_client."""


@dataclass(frozen=True, slots=True)
class OneTimeUse:
    """What must not be accepted again before that moment; `digest` is of client and jti."""

    digest: bytes
    expires_at: datetime


def read(assertion: str) -> CompactJws:
    """Take an assertion apart; nothing in it is believed yet.

    Raises:
        AssertionRefused: it is no JWT.
    """
    try:
        return compact_jws.read(assertion)
    except compact_jws.MalformedJws as error:
        raise AssertionRefused(str(error)) from error


def subject(assertion: CompactJws) -> str | None:
    """Whom it speaks of (RFC 7521 section 4.2: "the subject … identifies the client")."""
    value = assertion.claims.get("sub")
    return value if isinstance(value, str) else None


def check_claims(
    assertion: CompactJws,
    *,
    client_id: str,
    audiences: Collection[str],
    now: datetime,
    is_list_allowed: bool = True,
) -> OneTimeUse:
    """Check what a client says in its own name; the signature is checked elsewhere.

    `is_list_allowed` is whether its aud may be an array.

    Raises:
        AssertionRefused: it is of another, for another, not of now, or cannot be used once only.
    """
    try:
        _check_parties(assertion, client_id, audiences)
        if not is_list_allowed and not isinstance(assertion.claims.get("aud"), str):
            raise AssertionRefused("its aud is not a string")
        expires_at = _check_times(assertion, now.timestamp())
        jti = compact_jws.text_of(assertion.claims, "jti")
    except compact_jws.MalformedJws as error:
        raise AssertionRefused(str(error)) from error
    if len(jti) > MOST_JTI_CHARACTERS:
        raise AssertionRefused("its jti is too long")
    digest = hashlib.sha256(f"assertion\0{client_id}\0{jti}".encode()).digest()
    return OneTimeUse(digest, datetime.fromtimestamp(expires_at + LEEWAY, UTC))


def _check_parties(assertion: CompactJws, client_id: str, audiences: Collection[str]) -> None:
    if assertion.typ is not None and assertion.typ.lower() not in _TYPES:
        raise AssertionRefused("it was made for something else")
    claims = assertion.claims
    if not compact_jws.text_of(claims, "iss") == compact_jws.text_of(claims, "sub") == client_id:
        raise AssertionRefused("iss and sub are not both the client_id")
    # Whoever else is named could present it here as well (CVE-2025-27370).
    if not set(compact_jws.audiences_of(claims)) <= set(audiences):
        raise AssertionRefused("its aud is not this server alone")


def _check_times(assertion: CompactJws, now: float) -> float:
    expires_at = compact_jws.seconds_of(assertion.claims, "exp")
    if expires_at is None:
        raise AssertionRefused("it never expires")
    if expires_at <= now - LEEWAY:
        raise AssertionRefused("it has expired")
    if expires_at > now + LIFETIME + LEEWAY:
        raise AssertionRefused("it expires too late")
    issued_at = compact_jws.seconds_of(assertion.claims, "iat")
    not_before = compact_jws.seconds_of(assertion.claims, "nbf")
    if any(moment is not None and moment > now + LEEWAY for moment in (issued_at, not_before)):
        raise AssertionRefused("it is of the future")
    if issued_at is not None and issued_at < now - MOST_AGE - LEEWAY:
        raise AssertionRefused("it was made too long ago")
    return expires_at
