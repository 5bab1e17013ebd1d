"""The secret of one OAuth client: the observed one, the referenced one, or one drawn now."""

import base64
import hashlib
from typing import Final

from authly_operator.api import authly_client
from authly_operator.observed_clients import ClientObserved


SECRET_BYTES: Final = 32
PREFIX: Final = "acs_"
"""What secret scanners know a leaked client secret by."""


def draw(spec: authly_client.Spec, seen: ClientObserved, entropy: bytes) -> str | None:
    """Answer the client secret, or None where there is none: a public client, a missing reference.

    A Secret that belongs to somebody else is not read: what stands there is not this client's.
    """
    if not spec.has_secret():
        return None
    if spec.auth.secret is not None and spec.auth.secret.ref is not None:
        return seen.source.data.get(spec.auth.secret.ref.key) if seen.source else None
    return _kept(seen) or generate(entropy)


def _kept(seen: ClientObserved) -> str | None:
    """What the client's Secret holds, be it by the name that it had before."""
    for found in (seen.secret, seen.former):
        if found is not None and found.belongs_to(seen.identity.uid):
            return found.data.get("client_secret")
    return None


def generate(entropy: bytes) -> str:
    """Answer a client secret of the first 256 bits handed in."""
    if len(entropy) < SECRET_BYTES:
        message = f"a client secret needs {SECRET_BYTES} random bytes"
        raise ValueError(message)
    encoded = base64.urlsafe_b64encode(entropy[:SECRET_BYTES]).rstrip(b"=")
    return PREFIX + encoded.decode("ascii")


def digest(secret: str) -> str:
    """Answer what the database keeps: SHA-256 of the UTF-8 bytes in lowercase hexadecimal."""
    return hashlib.sha256(secret.encode()).hexdigest()
