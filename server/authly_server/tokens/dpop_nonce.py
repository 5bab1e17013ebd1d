"""Nonces for DPoP proofs (RFC 9449 section 8): a MAC of the time, which any replica checks."""

import hmac
from base64 import urlsafe_b64encode
from datetime import datetime

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


# A nonce is good from when it is given until the end of the next window, in seconds.
WINDOW = 120
_LABEL = b"authly dpop nonce"


class Nonces:
    """The nonces of one secret, the same in every process that has it."""

    def __init__(self, secret: str) -> None:
        self._key = HKDF(SHA256(), length=32, salt=None, info=_LABEL).derive(secret.encode())

    def current(self, now: datetime) -> str:
        """The nonce to give now."""
        return self._of(_window(now))

    def is_fresh(self, nonce: str, now: datetime) -> bool:
        """Whether it was given in this window or in the one before."""
        window = _window(now)
        known = (self._of(window), self._of(window - 1))
        return any(hmac.compare_digest(nonce.encode(), each.encode()) for each in known)

    def _of(self, window: int) -> str:
        mac = hmac.digest(self._key, window.to_bytes(8, "big"), "sha256")
        return urlsafe_b64encode(mac).rstrip(b"=").decode("ascii")


def _window(now: datetime) -> int:
    return int(now.timestamp()) // WINDOW
