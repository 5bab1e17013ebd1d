"""Human passwords: pre-hashed, then bcrypt, in an executor that cannot be flooded.

bcrypt reads 72 bytes at most and stops at a NUL; the base64 of a SHA-256 digest is 44 characters
without one, so every password counts to its last character. A hash costs tens of milliseconds of
one core: more than `waiting` of them at once are refused rather than queued without an end.
"""

import asyncio
import base64
import hashlib
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import bcrypt


MAXIMUM_BYTES: Final = 1024
DEFAULT_COST: Final = 12


class InvalidPassword(ValueError):  # noqa: N818  # the field's word for it
    """The text cannot be a password at all; the message says why."""


class Overloaded(RuntimeError):  # noqa: N818  # the field's word for it
    """Too many passwords are being hashed already; try again shortly."""


def _prehash(password: str) -> bytes:
    # RFC 8265 section 4 (OpaqueString): NFC, so that the same keys give the same password on
    # every system, and no control characters.
    normalized = unicodedata.normalize("NFC", password)
    try:
        encoded = normalized.encode("utf-8")
    except UnicodeEncodeError:
        message = "the password holds a lone surrogate"
        raise InvalidPassword(message) from None
    if not encoded or len(encoded) > MAXIMUM_BYTES:
        message = f"a password has 1 to {MAXIMUM_BYTES} bytes"
        raise InvalidPassword(message)
    if any(unicodedata.category(character) == "Cc" for character in normalized):
        message = "the password holds a control character"
        raise InvalidPassword(message)
    return base64.b64encode(hashlib.sha256(encoded).digest())


def hash_now(password: str, cost: int = DEFAULT_COST) -> str:
    """Hash in the calling thread; `cost` is bcrypt's, a power of two.

    Raises:
        InvalidPassword: the text cannot be a password.
    """
    return bcrypt.hashpw(_prehash(password), bcrypt.gensalt(cost)).decode("ascii")


def _matches(prehashed: bytes, password_hash: str) -> bool:
    return bcrypt.checkpw(prehashed, password_hash.encode("ascii"))


class Passwords:
    """Verification in a few threads, with a bounded queue before them."""

    def __init__(self, *, threads: int = 2, waiting: int = 16, cost: int = DEFAULT_COST) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="password")
        self._limit = threads + waiting
        self._running = 0
        self._cost = cost
        # What an unknown user's password is compared with, so that it takes the same time.
        self._nobody = hash_now("nobody", cost)

    async def verify(self, password: str, password_hash: str) -> bool:
        """Tell whether the password is the one that was hashed.

        Raises:
            InvalidPassword: the text cannot be a password.
            Overloaded: too many are being verified already.
        """
        prehashed = _prehash(password)
        if self._running >= self._limit:
            message = "too many sign-ins at once"
            raise Overloaded(message)
        self._running += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._executor, _matches, prehashed, password_hash)
        finally:
            self._running -= 1

    async def verify_nobody(self, password: str) -> bool:
        """Spend the time of a verification on a user who does not exist; always False."""
        await self.verify(password, self._nobody)
        return False

    def outdated(self, password_hash: str) -> bool:
        """Tell whether a hash was made at another cost and should be made anew at sign-in."""
        return not password_hash.startswith(f"$2b${self._cost:02d}$")

    def close(self) -> None:
        """Let the threads end."""
        self._executor.shutdown(wait=True)
