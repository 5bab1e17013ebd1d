"""Public keys as strangers publish them (JWK, RFC 7517 and 7518), and what they verify.

The key decides which algorithms count, never the token (RFC 8725 section 3.1).
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256


ALGORITHMS = ("ES256", "EdDSA", "PS256", "RS256")
MOST_KEYS = 20
_RSA_BITS = range(2048, 8193)
_MOST_RSA_CHARACTERS = 8192 // 6 + 2
_LARGEST_EXPONENT = 2**32
_P256_BYTES = 32
_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})

_Key = ec.EllipticCurvePublicKey | Ed25519PublicKey | rsa.RSAPublicKey


class UnusableKey(ValueError):  # noqa: N818  # a verdict on what somebody published
    """The JWK is no public key that signatures of ours are verified with."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key, and the algorithms of `ALGORITHMS` that it may be used with."""

    kid: str | None
    algorithms: frozenset[str]
    key: _Key = field(repr=False)

    def has_signed(self, alg: str, signing_input: bytes, signature: bytes) -> bool:
        """Whether the signature is this key's by that algorithm."""
        if alg not in self.algorithms:
            return False
        try:
            _verify(self.key, alg, signing_input, signature)
        except (InvalidSignature, ValueError):
            return False
        return True


def parse(jwk: Mapping[str, object]) -> PublicKey:
    """Read one JWK.

    Raises:
        UnusableKey: it is private, symmetric, of another kind or size, or not for signatures.
    """
    if not _PRIVATE_MEMBERS.isdisjoint(jwk):
        raise UnusableKey("it is not a public key")
    if jwk.get("use", "sig") != "sig":
        raise UnusableKey("it is not for signatures")
    operations = jwk.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations:
        raise UnusableKey("it is not for verifying")
    try:
        key, algorithms = _load(jwk)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UnusableKey("it cannot be used") from error
    return PublicKey(_kid(jwk), _restricted(algorithms, jwk.get("alg")), key)


def parse_set(document: Mapping[str, object]) -> tuple[PublicKey, ...]:
    """The usable keys of a set; others in it are ignored (RFC 7517 section 5).

    Raises:
        UnusableKey: it is no set, has too many keys, or one that is not public.
    """
    keys = document.get("keys")
    if not isinstance(keys, list) or len(keys) > MOST_KEYS:
        raise UnusableKey(f"it must have an array keys, of at most {MOST_KEYS}")
    found = []
    for jwk in keys:
        if isinstance(jwk, dict) and not _PRIVATE_MEMBERS.isdisjoint(jwk):
            raise UnusableKey("it has a key that is not public")
        try:
            found.append(parse(jwk if isinstance(jwk, dict) else {}))
        except UnusableKey:
            continue
    return tuple(found)


def fitting(keys: Sequence[PublicKey], kid: str | None, alg: str) -> tuple[PublicKey, ...]:
    """Those that a token of this header may be signed with; without kid it may be any."""
    return tuple(key for key in keys if alg in key.algorithms and (kid is None or key.kid == kid))


def _verify(key: _Key, alg: str, signing_input: bytes, signature: bytes) -> None:
    """RFC 7518 sections 3.3 to 3.5, RFC 8037 section 3.1; raises InvalidSignature."""
    match key:
        case ec.EllipticCurvePublicKey():
            key.verify(_der(signature), signing_input, ec.ECDSA(SHA256()))
        case Ed25519PublicKey():
            key.verify(signature, signing_input)
        case rsa.RSAPublicKey():
            pss = padding.PSS(padding.MGF1(SHA256()), salt_length=SHA256.digest_size)
            scheme = pss if alg == "PS256" else padding.PKCS1v15()
            key.verify(signature, signing_input, scheme, SHA256())


def _der(signature: bytes) -> bytes:
    if len(signature) != 2 * _P256_BYTES:
        raise InvalidSignature
    r, s = signature[:_P256_BYTES], signature[_P256_BYTES:]
    return encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))


def _load(jwk: Mapping[str, object]) -> tuple[_Key, frozenset[str]]:
    match jwk.get("kty"), jwk.get("crv"):
        case "EC", "P-256":
            x, y = _bytes(jwk, "x", _P256_BYTES), _bytes(jwk, "y", _P256_BYTES)
            # Refuses points that are not on the curve.
            point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + x + y)
            return point, frozenset({"ES256"})
        case "OKP", "Ed25519":
            return Ed25519PublicKey.from_public_bytes(_bytes(jwk, "x", 32)), frozenset({"EdDSA"})
        case "RSA", _:
            return _rsa(jwk), frozenset({"RS256", "PS256"})
        case _:
            raise UnusableKey("its kind is not supported")


def _rsa(jwk: Mapping[str, object]) -> rsa.RSAPublicKey:
    """Sizes are looked at before anything is computed: a long key costs who verifies with it."""
    n, e = (int.from_bytes(_bytes(jwk, name), "big") for name in ("n", "e"))
    if n.bit_length() not in _RSA_BITS or not n & 1:
        raise UnusableKey("its modulus must have 2048 to 8192 bits")
    if not (2 < e < _LARGEST_EXPONENT and e & 1):  # noqa: PLR2004  # 3 is the smallest there is
        raise UnusableKey("its exponent is not a usual one")
    return rsa.RSAPublicNumbers(e, n).public_key()


def _bytes(jwk: Mapping[str, object], name: str, size: int | None = None) -> bytes:
    value = jwk.get(name)
    if not isinstance(value, str) or not value.isascii() or len(value) > _MOST_RSA_CHARACTERS:
        raise UnusableKey(f"its {name} is missing or malformed")
    try:
        content = base64.b64decode(value + "=" * (-len(value) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise UnusableKey(f"its {name} is not base64url") from error
    if size is not None and len(content) != size:
        raise UnusableKey(f"its {name} must have {size} bytes")
    return content


def _kid(jwk: Mapping[str, object]) -> str | None:
    kid = jwk.get("kid")
    return kid if isinstance(kid, str) else None


def _restricted(algorithms: frozenset[str], alg: object) -> frozenset[str]:
    """RFC 7517 section 4.4: a key may name the one algorithm that it is for."""
    if alg is None:
        return algorithms
    if not isinstance(alg, str) or alg not in algorithms:
        raise UnusableKey("it is for an algorithm that is not supported")
    return frozenset({alg})
