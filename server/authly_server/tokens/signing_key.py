"""One key that signs tokens, or signed them a while ago."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from authly_server.tokens import signature
from authly_server.tokens.signature import PrivateKey


_RSA_BITS = range(2048, 8193)


class KeyState(StrEnum):
    """Published verifies but does not sign yet, Active signs, Retiring only verifies still."""

    PUBLISHED = "Published"
    ACTIVE = "Active"
    RETIRING = "Retiring"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key with the one algorithm it may be used with; `private` is bytes for HS256."""

    kid: str
    alg: str
    state: KeyState
    private: PrivateKey | bytes = field(repr=False)
    sign: Callable[[bytes], bytes] = field(init=False, repr=False, compare=False)
    """Makes the signature of a message."""
    has_signed: Callable[[bytes, bytes], bool] = field(init=False, repr=False, compare=False)
    """Whether a signature, the second argument, is one of a message by this key."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "sign", signature.signer(self.private))
        object.__setattr__(self, "has_signed", signature.verifier(self.private))

    @property
    def is_public(self) -> bool:
        """Whether there is a public half to publish; a shared secret has none."""
        return not isinstance(self.private, bytes)

    def public_jwk(self) -> dict[str, object]:
        """Return the public half as a JWK (RFC 7517); raises TypeError for a shared secret."""
        jwk: dict[str, object] = json.loads(_jwk(self.private))
        jwk.pop("key_ops", None)
        return jwk | {"kid": self.kid, "alg": self.alg, "use": "sig"}


def load(pem: str, alg: str) -> PrivateKey:
    """Return the private key in a PEM document; raises ValueError where it does not fit `alg`."""
    try:
        key = serialization.load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        message = "privateKey is not an unencrypted PEM private key"
        raise ValueError(message) from None
    match alg, key:
        case "ES256", EllipticCurvePrivateKey() if isinstance(key.curve, SECP256R1):
            return key
        case "EdDSA", Ed25519PrivateKey():
            return key
        case "RS256", RSAPrivateKey() if key.key_size in _RSA_BITS:
            return key
        case _:
            message = f"privateKey does not fit the algorithm {alg}"
            raise ValueError(message)


def _jwk(private: PrivateKey | bytes) -> str:
    match private:
        case EllipticCurvePrivateKey():
            return ECAlgorithm.to_jwk(private.public_key())
        case Ed25519PrivateKey():
            return OKPAlgorithm.to_jwk(private.public_key())
        case RSAPrivateKey():
            return RSAAlgorithm.to_jwk(private.public_key())
        case _:
            message = "a shared secret has no public half"
            raise TypeError(message)
