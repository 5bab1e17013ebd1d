"""The one place that draws random bytes and random primes."""

import secrets
from typing import Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa


RSA_BITS: Final = 3072
"""Key size; as strong as the 128 bits of ES256 and EdDSA (NIST SP 800-57)."""


def draw(count: int) -> bytes:
    """Answer that many bytes from the operating system's generator."""
    return secrets.token_bytes(count)


def draw_rsa_key() -> str:
    """Answer a new RSA private key as PEM (PKCS #8); takes up to a second."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode("ascii")
