"""ID tokens (OpenID Connect Core section 2): issued, never stored, and read back as hints."""

import base64
import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from authly_server.model.grant import Authentication
from authly_server.model.session import METHODS
from authly_server.protocol import public_key
from authly_server.tokens import signed_jwt
from authly_server.tokens.keyring import KeyRing
from authly_server.tokens.refusal import TokenRefused
from authly_server.tokens.signing_key import SigningKey


TYPE = "JWT"
# Section 15.1: what a client that registered nothing else is sure to verify.
ALGORITHM = "RS256"
# The claims that the token itself decides, whatever else is asked for.
DECIDED = frozenset({"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid"})
# at_hash uses the hash of the signature's algorithm (section 3.1.3.6); Ed25519 has SHA-512.
_HASHES = {"EdDSA": hashlib.sha512}


@dataclass(frozen=True, slots=True)
class IdToken:
    """An ID token's claims; `more` are those asked for by the claims parameter.

    There is one audience, the client, and so no azp (section 2).
    """

    issuer: str
    subject: str
    client_id: str
    issued_at: datetime
    expires_at: datetime
    authentication: Authentication
    access_token: str = field(repr=False)
    nonce: str | None = None
    more: Mapping[str, object] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Hint:
    """What an ID token of ours says of whom it was about, however long ago."""

    subject: str
    audience: tuple[str, ...]
    session_id: str | None


def algorithms(ring: KeyRing, allowed: Collection[str]) -> tuple[str, ...]:
    """Those of the ring's that ID tokens may be signed by."""
    return tuple(alg for alg in ring.algorithms if alg in allowed)


def signer(
    ring: KeyRing, registered: str | None, allowed: Collection[str] = public_key.ALGORITHMS
) -> SigningKey | None:
    """The key for a client's ID tokens, by the algorithm that it has registered, else RS256.

    A ring without such a key, or a profile that does not allow it, signs with what access tokens
    are signed with; None where that is a secret, for which ID tokens would have to be signed with
    each client's own (section 10.1).
    """
    wanted = registered or ALGORITHM
    found = (ring.active(wanted) if wanted in allowed else None) or ring.signer
    return found if found.is_public else None


def issue(key: SigningKey, token: IdToken) -> str:
    """Return the token signed by that key."""
    return signed_jwt.sign(key, TYPE, _claims(token, key.alg))


def read_hint(ring: KeyRing, text: str, issuer: str) -> Hint:
    """Return what a token of ours says although it may have expired; raises TokenRefused.

    Section 3.1.2.1: "The OP SHOULD accept ID Tokens when the RP ... had a recent session".
    """
    claims = signed_jwt.verify(ring, text, TYPE)
    try:
        if signed_jwt.read_text(claims.get("iss")) != issuer:
            message = "of another issuer"
            raise TokenRefused(message)
        # What userinfo signs has neither, and is no ID token.
        signed_jwt.read_time(claims.get("iat"))
        signed_jwt.read_time(claims.get("exp"))
        session_id = claims.get("sid")
        return Hint(
            subject=signed_jwt.read_text(claims.get("sub")),
            audience=signed_jwt.read_texts(claims.get("aud")),
            session_id=None if session_id is None else signed_jwt.read_text(session_id),
        )
    except ValueError:
        message = "a claim is missing or malformed"
        raise TokenRefused(message) from None


def _claims(token: IdToken, alg: str) -> dict[str, object]:
    authentication = token.authentication
    claims = dict(token.more) | {
        "iss": token.issuer,
        "sub": token.subject,
        "aud": token.client_id,
        "exp": int(token.expires_at.timestamp()),
        "iat": int(token.issued_at.timestamp()),
        "auth_time": int(authentication.at.timestamp()),
        "acr": authentication.acr,
        "amr": list(METHODS.get(authentication.acr, ())),
        "sid": str(authentication.session_id),
        "at_hash": _half_hash(token.access_token, alg),
    }
    return claims if token.nonce is None else claims | {"nonce": token.nonce}


def _half_hash(text: str, alg: str) -> str:
    digest = _HASHES.get(alg, hashlib.sha256)(text.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode("ascii")
