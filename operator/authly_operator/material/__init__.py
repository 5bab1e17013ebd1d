"""Passwords, database URLs and signing keys: drawn once, and what was observed ever after.

Pure: time and random bytes are arguments, and every value is expanded from those under a label of
its own (HKDF, RFC 5869). A missing value is drawn, a present one is never replaced; signing keys
alone have a life (`rotation`).
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from authly_operator import naming
from authly_operator.api import authly_server, policy
from authly_operator.material import credentials, keyring, signing_key, signing_keys
from authly_operator.material.role_passwords import Passwords
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
    signing_keys_missing: str | None = None
    """Why keys cannot be had; one of `missing`, too, unless those of before can go on signing."""
    next_step: datetime | None = None
    """When time alone changes the ring, or the passwords of the database's roles."""
    passwords: Passwords | None = field(default=None, repr=False)
    """Those of the database's roles; None where what the Secret says of them is of no use."""

    @property
    def complete(self) -> bool:
        """Whether migration and roll-out may go on."""
        return not self.missing


def draw(
    spec: authly_server.Spec,
    seen: ServerObserved,
    now: datetime,
    entropy: bytes,
    rsa_key: Callable[[], str],
) -> Material:
    """Answer what the Secrets should hold; the same as observed where nothing is missing or due.

    `now` knows its zone; `entropy` is ENTROPY_BYTES fresh random bytes; `rsa_key` is called for a
    new RS256 key only.

    Raises:
        ValueError: too few random bytes.
    """
    if len(entropy) < ENTROPY_BYTES:
        message = f"material needs {ENTROPY_BYTES} random bytes"
        raise ValueError(message)

    def expand(label: str, count: int) -> bytes:
        return _expand(entropy, label, count)

    moment = now.replace(microsecond=0)
    had = credentials.draw(spec, seen, moment, lambda label: _text(expand(label, _SECRET_BYTES)))
    document = _document(seen)
    if had.missing:  # nothing will be written: keys would be drawn again at every look
        return Material(had.data, document, had.missing, passwords=had.passwords)

    def draw_key(alg: str) -> signing_key.SigningKey:
        pem = signing_key.draw(policy.Algorithm(alg), expand, rsa_key)
        return signing_key.publish(pem, alg, moment)

    try:
        ring, due = signing_keys.advance(spec, seen, document, moment, draw_key)
    except (LookupError, ValueError) as error:
        reason = str(error.args[0])
        held = () if isinstance(error, LookupError) and _signs(spec, document) else (reason,)
        return Material(had.data, document, held, reason, passwords=had.passwords)
    steps = [step for step in (due, had.passwords and had.passwords.next_step) if step]
    return Material(had.data, ring, next_step=min(steps, default=None), passwords=had.passwords)


def _signs(spec: authly_server.Spec, document: str | None) -> bool:
    """Whether a ring is good enough to go on with while the keys of a reference cannot be had."""
    return keyring.parse(document).active(spec.signing_keys.algorithm) is not None


def _document(seen: ServerObserved) -> str | None:
    kept = seen.secrets.get(naming.signing_keys(seen.identity.name), SecretData({}))
    return kept.get(keyring.KEY)


def _expand(entropy: bytes, label: str, count: int) -> bytes:
    derivation = HKDF(hashes.SHA256(), count, salt=None, info=f"authly:{label}".encode())
    return derivation.derive(entropy)


def _text(drawn: bytes) -> str:
    return base64.urlsafe_b64encode(drawn).rstrip(b"=").decode("ascii")
