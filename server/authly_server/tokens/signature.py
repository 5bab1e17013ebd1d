"""Signatures of JWTs by the four algorithms that our keys have (RFC 7518 section 3, RFC 8037).

The key's own type decides what is computed; no text of a stranger is looked at here.
"""

import hmac
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256

from authly_server.tokens.signing_key import PrivateKey


_SHA256: Final = SHA256()
_ECDSA: Final = ECDSA(_SHA256)
_PADDING: Final = PKCS1v15()
# RFC 7518 section 3.4: R and S, 32 bytes each for P-256, one after the other.
_COORDINATE_BYTES: Final = 32


def create(key: PrivateKey | bytes, message: bytes) -> bytes:
    """Return the signature of a message; a shared secret makes an HMAC."""
    match key:
        case EllipticCurvePrivateKey():
            r, s = decode_dss_signature(key.sign(message, _ECDSA))
            return r.to_bytes(_COORDINATE_BYTES, "big") + s.to_bytes(_COORDINATE_BYTES, "big")
        case Ed25519PrivateKey():
            return key.sign(message)
        case RSAPrivateKey():
            return key.sign(message, _PADDING, _SHA256)
        case _:
            return hmac.digest(key, message, "sha256")


def is_valid(key: PrivateKey | bytes, message: bytes, signature: bytes) -> bool:
    """Whether it is a signature of the message by that key."""
    try:
        _check(key, message, signature)
    except InvalidSignature:
        return False
    return True


def _check(key: PrivateKey | bytes, message: bytes, signature: bytes) -> None:
    match key:
        case EllipticCurvePrivateKey():
            key.public_key().verify(_to_der(signature), message, _ECDSA)
        case Ed25519PrivateKey():
            key.public_key().verify(signature, message)
        case RSAPrivateKey():
            key.public_key().verify(signature, message, _PADDING, _SHA256)
        case _:
            if not hmac.compare_digest(create(key, message), signature):
                raise InvalidSignature


def _to_der(signature: bytes) -> bytes:
    if len(signature) != 2 * _COORDINATE_BYTES:
        raise InvalidSignature
    r, s = signature[:_COORDINATE_BYTES], signature[_COORDINATE_BYTES:]
    return encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
