"""Signing keys for throwaway servers, in the file format that the operator mounts."""

import functools
import json
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa


def write_ring(path: Path, *entries: dict[str, str]) -> None:
    """Put a key ring in the place of the former one at once, as a mounted Secret changes."""
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps({"keys": entries}))
    partial.chmod(0o600)
    partial.replace(path)


def draw(kid: str, *, alg: str = "ES256", state: str = "Active") -> dict[str, str]:
    """An entry of a key ring; `alg` is ES256, EdDSA or RS256.

    The private key is a fresh one, but for RS256: finding primes takes longer than most tests.
    """
    return {"kid": kid, "alg": alg, "state": state, "privateKey": _pem(alg)}


@functools.cache
def _rsa() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def _pem(alg: str) -> str:
    private: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey
    match alg:
        case "ES256":
            private = ec.generate_private_key(ec.SECP256R1())
        case "EdDSA":
            private = ed25519.Ed25519PrivateKey.generate()
        case _:
            private = _rsa()
    return private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
