"""Passwords, database URLs and signing keys: drawn once, and what was observed ever after.

Pure: the random bytes are an argument, and every value is expanded from them under a label of its
own (HKDF, RFC 5869). A missing value is drawn, a present one is never replaced.
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from authly_operator import naming
from authly_operator.api import authly_server
from authly_operator.material import credentials, keyring
from authly_operator.observed import SecretData, ServerObserved


ENTROPY_BYTES: Final = 64
"""How many random bytes `draw` needs."""
_SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Material:
    """What the Secrets of a server hold."""

    credentials: Mapping[str, str] = field(repr=False)
    """Data of the credentials Secret; without database URLs where `missing` says why."""
    keyring: str | None = field(repr=False)
    """keyring.json; None with HS256 alone. A malformed one stays as it is, and `missing` tells."""
    missing: tuple[str, ...] = ()
    """What stops migration and roll-out: a sentence for each reference that leads nowhere."""

    @property
    def complete(self) -> bool:
        """Whether migration and roll-out may go on."""
        return not self.missing


def draw(
    spec: authly_server.Spec,
    seen: ServerObserved,
    entropy: bytes,
    rsa_key: Callable[[], str],
) -> Material:
    """Answer what the Secrets should hold; the same as observed where nothing is missing.

    `entropy` is ENTROPY_BYTES fresh random bytes; `rsa_key` is called for a new RS256 key only.

    Raises:
        ValueError: too few random bytes.
    """
    if len(entropy) < ENTROPY_BYTES:
        message = f"material needs {ENTROPY_BYTES} random bytes"
        raise ValueError(message)

    def expand(label: str, count: int) -> bytes:
        return _expand(entropy, label, count)

    had = credentials.draw(spec, seen, lambda label: _text(expand(label, _SECRET_BYTES)))
    if had.missing:  # nothing will be written: keys would be drawn again at every look
        return Material(had.data, _document(seen), had.missing)
    ring, broken = _ring(spec, seen, expand, rsa_key)
    return Material(had.data, ring, broken)


def _document(seen: ServerObserved) -> str | None:
    kept = seen.secrets.get(naming.signing_keys(seen.identity.name), SecretData({}))
    return kept.get(keyring.KEY)


def _ring(
    spec: authly_server.Spec,
    seen: ServerObserved,
    expand: Callable[[str, int], bytes],
    rsa_key: Callable[[], str],
) -> tuple[str | None, tuple[str, ...]]:
    document = _document(seen)
    try:
        return keyring.extend(document, spec.signing_keys.algorithm, expand, rsa_key), ()
    except ValueError as error:
        return document, (str(error),)


def _expand(entropy: bytes, label: str, count: int) -> bytes:
    derivation = HKDF(hashes.SHA256(), count, salt=None, info=f"authly:{label}".encode())
    return derivation.derive(entropy)


def _text(drawn: bytes) -> str:
    return base64.urlsafe_b64encode(drawn).rstrip(b"=").decode("ascii")
