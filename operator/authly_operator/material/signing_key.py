"""One key that signs tokens: where it is in its life, and how it is drawn or taken over.

Keys are expanded from the bytes handed in (P-256 by FIPS 186-5 A.2.1's extra random bits, Ed25519
by RFC 8032 section 5.1.5); RSA needs primes, so its key is handed in whole.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from authly_operator.api import policy


_P256_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_EXTRA_BYTES: Final = 40
_SEED_BYTES: Final = 32
_RSA_BITS: Final = range(2048, 8193)
"""What the server reads, too."""
PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


class State(StrEnum):
    """Published verifies and does not sign yet, Active signs, Retiring only verifies still."""

    PUBLISHED = "Published"
    ACTIVE = "Active"
    RETIRING = "Retiring"


class SigningKey(BaseModel):
    """An entry of the ring that a server mounts, which ignores its times."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, frozen=True, strict=True
    )

    kid: Annotated[str, Field(min_length=1, max_length=128)]
    alg: Literal["ES256", "RS256", "EdDSA"]
    state: State
    private_key: Annotated[str, Field(repr=False)]
    """PEM."""
    published_at: AwareDatetime | None = None
    """Since when verifiers can know it; None of a ring from before there were times."""
    active_at: AwareDatetime | None = None
    """Since when it signs, or signed; None where it never did."""
    retire_at: AwareDatetime | None = None
    """When no token of it can be valid any more, of a Retiring one."""


def draw(
    algorithm: policy.Algorithm, expand: Callable[[str, int], bytes], rsa_key: Callable[[], str]
) -> str:
    """Answer a new private key as PEM (PKCS #8)."""
    match algorithm:
        case policy.Algorithm.RS256:
            return rsa_key()
        case policy.Algorithm.EDDSA:
            seed = expand("signing-key", _SEED_BYTES)
            return _pem(ed25519.Ed25519PrivateKey.from_private_bytes(seed))
        case _:
            number = int.from_bytes(expand("signing-key", _EXTRA_BYTES), "big")
            return _pem(ec.derive_private_key(number % (_P256_ORDER - 1) + 1, ec.SECP256R1()))


def publish(pem: str, alg: str, now: datetime | None = None) -> SigningKey:
    """Answer a key that is published, now or soon; its kid is a digest of the public key.

    So no two keys ever share a kid, and the same key has the same one wherever it comes from.
    """
    public = load(pem, alg).public_key()
    spki = public.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return SigningKey.model_validate(
        {
            "kid": hashlib.sha256(spki).hexdigest()[:16],
            "alg": alg,
            "state": State.PUBLISHED,
            "private_key": pem,
            "published_at": now,
        }
    )


def load(pem: str, alg: str, *, trusted: bool = True) -> PrivateKey:
    """Answer the private key; the numbers of an RSA key are checked unless it is trusted.

    That check takes half a second.

    Raises:
        ValueError: it does not fit the algorithm; one line that shows no key.
    """
    try:
        key = serialization.load_pem_private_key(
            pem.encode(), password=None, unsafe_skip_rsa_key_validation=trusted
        )
    except (ValueError, TypeError, UnsupportedAlgorithm):
        message = "it is not an unencrypted private key in PEM"
        raise ValueError(message) from None
    match alg, key:
        case "ES256", ec.EllipticCurvePrivateKey() if isinstance(key.curve, ec.SECP256R1):
            return key
        case "EdDSA", ed25519.Ed25519PrivateKey():
            return key
        case "RS256", rsa.RSAPrivateKey() if key.key_size in _RSA_BITS:
            return key
        case _:
            message = f"it is no key for {alg}"
            raise ValueError(message)


def _pem(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode("ascii")
