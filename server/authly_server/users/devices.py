"""Browsers in which people have signed in, known again by a cookie that nobody else can make.

It signs nobody in. It only tells the owner's browser from a stranger's, so that a stranger who
tries passwords cannot keep the owner out (OWASP: "Slow Down Online Guessing Attacks with Device
Cookies").
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


LIFETIME: Final = 365 * 24 * 3600
MOST: Final = 4
_BETWEEN: Final = "."
_ID_BYTES: Final = 16
_MAC_BYTES: Final = 16
_TIME_BYTES: Final = 6
_LENGTH: Final = -(-(2 * _ID_BYTES + _TIME_BYTES + _MAC_BYTES) * 4 // 3)


@dataclass(frozen=True, slots=True)
class Device:
    """`user_id` has signed in on the browser that was named `id`, at a time in seconds."""

    user_id: UUID
    id: UUID
    since: int


class Devices:
    """Writes and reads the cookie: one signed entry a person, the newest first."""

    def __init__(self, secret: str) -> None:
        self._key = HKDF(SHA256(), length=32, salt=None, info=b"authly device cookie").derive(
            secret.encode()
        )

    def write(self, devices: Sequence[Device]) -> str:
        """The cookie's value; beyond MOST entries the oldest are left out."""
        return _BETWEEN.join(self._write(each) for each in devices[:MOST])

    def read(self, value: str, now: int) -> tuple[Device, ...]:
        """The entries that are ours and not too old; of anything else, none."""
        found = (self._read(entry) for entry in value.split(_BETWEEN, MOST)[:MOST])
        return tuple(each for each in found if each is not None and now <= each.since + LIFETIME)

    def _write(self, device: Device) -> str:
        content = device.user_id.bytes + device.id.bytes + device.since.to_bytes(_TIME_BYTES)
        return urlsafe_b64encode(content + self._mac(content)).rstrip(b"=").decode("ascii")

    def _read(self, entry: str) -> Device | None:
        if len(entry) != _LENGTH or not entry.isascii():
            return None
        try:
            raw = urlsafe_b64decode(entry + "=" * (-len(entry) % 4))
        except ValueError:
            return None
        content, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(content)):
            return None
        user_id, device_id = content[:_ID_BYTES], content[_ID_BYTES : 2 * _ID_BYTES]
        since = int.from_bytes(content[2 * _ID_BYTES :])
        return Device(UUID(bytes=user_id), UUID(bytes=device_id), since)

    def _mac(self, content: bytes) -> bytes:
        return hmac.new(self._key, content, hashlib.sha256).digest()[:_MAC_BYTES]
