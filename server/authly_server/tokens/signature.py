"""Signatures of JWTs by the four algorithms that our keys have (RFC 7518 section 3, RFC 8037).

The key's own type decides what is computed; no text of a stranger is looked at here.
"""

import hmac
from collections.abc import Callable
from functools import partial
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


PrivateKey = EllipticCurvePrivateKey | Ed25519PrivateKey | RSAPrivateKey
_SHA256: Final = SHA256()
_ECDSA: Final = ECDSA(_SHA256)
_PADDING: Final = PKCS1v15()
# RFC 7518 section 3.4: R and S, 32 bytes each for P-256, one after the other.
_COORDINATE_BYTES: Final = 32


def signer(key: PrivateKey | bytes) -> Callable[[bytes], bytes]:
    """What makes signatures by that key; a shared secret makes HMACs.

    Found once for a key: to find out of what kind it is costs a tenth of the signature.
    """
    match key:
        case EllipticCurvePrivateKey():
            return partial(_sign_by_ecdsa, key)
        case Ed25519PrivateKey():
            return key.sign
        case RSAPrivateKey():
            return lambda message: key.sign(message, _PADDING, _SHA256)
        case _:
            return partial(_authenticate, key)


def verifier(key: PrivateKey | bytes) -> Callable[[bytes, bytes], bool]:
    """What says of a message whether a signature, the second argument, is one of it by that key."""
    check = _checker(key)

    def is_valid(message: bytes, signature: bytes) -> bool:
        try:
            check(message, signature)
        except InvalidSignature:
            return False
        return True

    return is_valid


def _checker(key: PrivateKey | bytes) -> Callable[[bytes, bytes], None]:
    """What raises InvalidSignature for all but a right one."""
    match key:
        case EllipticCurvePrivateKey():
            public = key.public_key()
            return lambda message, signed: public.verify(_to_der(signed), message, _ECDSA)
        case Ed25519PrivateKey():
            edwards = key.public_key()
            return lambda message, signed: edwards.verify(signed, message)
        case RSAPrivateKey():
            rsa = key.public_key()
            return lambda message, signed: rsa.verify(signed, message, _PADDING, _SHA256)
        case _:
            return partial(_check_authentication, key)


def _sign_by_ecdsa(key: EllipticCurvePrivateKey, message: bytes) -> bytes:
    r, s = decode_dss_signature(key.sign(message, _ECDSA))
    return r.to_bytes(_COORDINATE_BYTES, "big") + s.to_bytes(_COORDINATE_BYTES, "big")


def _authenticate(secret: bytes, message: bytes) -> bytes:
    return hmac.digest(secret, message, "sha256")


def _check_authentication(secret: bytes, message: bytes, signature: bytes) -> None:
    if not hmac.compare_digest(_authenticate(secret, message), signature):
        raise InvalidSignature


def _to_der(signature: bytes) -> bytes:
    if len(signature) != 2 * _COORDINATE_BYTES:
        raise InvalidSignature
    r, s = signature[:_COORDINATE_BYTES], signature[_COORDINATE_BYTES:]
    return encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
