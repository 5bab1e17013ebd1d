"""DPoP proofs, RFC 9449 section 4: that whoever sends a request has a key, and for this request."""

import base64
import hashlib
import hmac
import json
from collections.abc import Collection
from dataclasses import dataclass

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from authly_server.protocol import bearer, characters, compact_jws, errors, http_uri, public_key
from authly_server.protocol.compact_jws import CompactJws, MalformedJws
from authly_server.protocol.errors import ErrorCode, OAuthError
from authly_server.protocol.parameters import Parameters
from authly_server.protocol.public_key import PublicKey, UnusableKey


HEADER = "DPoP"
TYPE = "dpop+jwt"
ALGORITHMS = public_key.ALGORITHMS
# How far a proof's time may be from ours, in seconds, either way (section 11.1).
LEEWAY = 60
THUMBPRINT_CHARACTERS = 43
MOST_JTI_CHARACTERS = 1024
_NAMES_OF_KEY = frozenset({"jwk"})


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof whose signature is right; `thumbprint` is its key's (RFC 7638), known as jkt."""

    thumbprint: str
    jti: str
    method: str
    uri: str
    issued_at: float
    nonce: str | None
    access_token_hash: str | None

    @property
    def digest(self) -> bytes:
        """What must not come again as long as the proof is young enough."""
        return hashlib.sha256(f"dpop\0{self.thumbprint}\0{self.jti}".encode()).digest()


def read(text: str, algorithms: Collection[str] = ALGORITHMS) -> Proof:
    """Read a proof and verify it with the key that it brings along (section 4.3, 2 to 7).

    Raises:
        OAuthError: invalid_dpop_proof.
    """
    try:
        jws = compact_jws.read(text, allowed=_NAMES_OF_KEY)
        key = public_key.parse(_jwk(jws))
        proof = _proof(jws, thumbprint(key))
    except MalformedJws as error:
        raise invalid(str(error)) from error
    except UnusableKey as error:
        raise invalid(f"its jwk is unusable: {error}") from error
    if jws.alg not in algorithms or not key.has_signed(jws.alg, jws.signing_input, jws.signature):
        raise invalid("its signature is wrong, or its alg is not supported")
    return proof


def check_request(proof: Proof, *, method: str, uri: str, now: float) -> None:
    """The proof is for this request, and of now (section 4.3, 8, 9 and 11).

    Raises:
        OAuthError: invalid_dpop_proof.
    """
    if proof.method != method:
        raise invalid("its htm is another method")
    wanted = http_uri.normalise(uri)
    if wanted is None or http_uri.normalise(proof.uri) != wanted:
        raise invalid("its htu is another URI")
    if abs(proof.issued_at - now) > LEEWAY:
        raise invalid("its iat is not of now")


def check_access_token(proof: Proof, access_token: str) -> None:
    """The proof is for this access token (section 4.3, 12).

    Raises:
        OAuthError: invalid_dpop_proof.
    """
    expected = _base64url(hashlib.sha256(access_token.encode("utf-8", "replace")).digest())
    if not hmac.compare_digest((proof.access_token_hash or "").encode(), expected.encode()):
        raise invalid("its ath is not of this access token")


def find_token(authorization: str | None, form: Parameters | None = None) -> str | None:
    """The token of an Authorization header of scheme DPoP (section 7.1); None for another scheme.

    Raises:
        OAuthError: invalid_request if a form has one too, invalid_token if it is malformed.
    """
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "dpop":
        return None
    if form is not None and form.get("access_token") is not None:
        raise errors.invalid_request("the access token was sent in more than one way")
    return bearer.find(f"Bearer {token}")


def parse_thumbprint(text: str | None) -> str | None:
    """The dpop_jkt of an authorization request (section 10).

    Raises:
        OAuthError: invalid_request if it is no SHA-256 thumbprint.
    """
    if text is not None and (
        len(text) != THUMBPRINT_CHARACTERS or not characters.consists_of(text, characters.BASE64URL)
    ):
        raise errors.invalid_request("dpop_jkt must be 43 characters of base64url")
    return text


def thumbprint(key: PublicKey) -> str:
    """RFC 7638, of what the key is rather than of how somebody wrote it."""
    document = json.dumps(_members(key), separators=(",", ":"), sort_keys=True)
    return _base64url(hashlib.sha256(document.encode()).digest())


def invalid(reason: str) -> OAuthError:
    """The error of every proof that does not prove it (section 5)."""
    return OAuthError(ErrorCode.INVALID_DPOP_PROOF, f"the DPoP proof is refused: {reason}")


def _jwk(jws: CompactJws) -> dict[str, object]:
    if jws.typ is None or jws.typ.lower() != TYPE:
        raise MalformedJws(f"its typ is not {TYPE}")
    jwk = jws.header.get("jwk")
    if not isinstance(jwk, dict):
        raise MalformedJws("its header has no jwk")
    return jwk


def _proof(jws: CompactJws, key_thumbprint: str) -> Proof:
    claims = jws.claims
    jti, issued_at = compact_jws.text_of(claims, "jti"), compact_jws.seconds_of(claims, "iat")
    if len(jti) > MOST_JTI_CHARACTERS:
        raise MalformedJws("its jti is too long")
    if issued_at is None:
        raise MalformedJws("it has no iat")
    optional = {
        name: compact_jws.text_of(claims, name) for name in ("nonce", "ath") if name in claims
    }
    return Proof(
        thumbprint=key_thumbprint,
        jti=jti,
        method=compact_jws.text_of(claims, "htm"),
        uri=compact_jws.text_of(claims, "htu"),
        issued_at=issued_at,
        nonce=optional.get("nonce"),
        access_token_hash=optional.get("ath"),
    )


def _members(key: PublicKey) -> dict[str, str]:
    """RFC 7638 section 3.2 and RFC 8037 section 2: the required members of each kind."""
    match key.key:
        case ec.EllipticCurvePublicKey() as point:
            numbers = point.public_numbers()
            x, y = (_base64url(value.to_bytes(32, "big")) for value in (numbers.x, numbers.y))
            return {"kty": "EC", "crv": "P-256", "x": x, "y": y}
        case rsa.RSAPublicKey() as modulus:
            n, e = modulus.public_numbers().n, modulus.public_numbers().e
            return {"kty": "RSA", "n": _base64url(_bytes(n)), "e": _base64url(_bytes(e))}
        case edwards:
            raw = edwards.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
            return {"kty": "OKP", "crv": "Ed25519", "x": _base64url(raw)}


def _bytes(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii")
