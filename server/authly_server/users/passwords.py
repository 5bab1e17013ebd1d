"""Human passwords: pre-hashed, then bcrypt, in an executor that cannot be flooded.

bcrypt reads 72 bytes at most and stops at a NUL; the base64 of a SHA-256 digest is 44 characters
without one, so every password counts to its last character. A hash costs tens of milliseconds of
one core: more than `waiting` of them at once are refused rather than queued without an end.
"""

import asyncio
import base64
import hashlib
import threading
import unicodedata
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeVar

import bcrypt


MAXIMUM_BYTES: Final = 1024
DEFAULT_COST: Final = 12
_Answer = TypeVar("_Answer")


class InvalidPassword(ValueError):  # noqa: N818  # the field's word for it
    """The text cannot be a password at all; the message says why."""


class Overloaded(RuntimeError):  # noqa: N818  # the field's word for it
    """Too many passwords are being hashed already; try again shortly."""


def hash_now(password: str, cost: int = DEFAULT_COST) -> str:
    """Hash in the calling thread; `cost` is bcrypt's, a power of two.

    Raises:
        InvalidPassword: the text cannot be a password.
    """
    return _hash(_prehash(password), cost)


def matches_now(password: str, password_hash: str) -> bool:
    """Whether it is the password that was hashed, found out in the calling thread.

    Raises:
        InvalidPassword: the text cannot be a password.
    """
    return _matches(_prehash(password), password_hash)


def check(password: str) -> None:
    """Whether a text can be a password at all; raises InvalidPassword."""
    _prehash(password)


class Passwords:
    """Hashing and verification in a few threads, with a bounded queue before them."""

    def __init__(self, *, threads: int = 2, waiting: int = 16, cost: int = DEFAULT_COST) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="password")
        self._places = threading.BoundedSemaphore(threads + waiting)
        self._cost = cost
        # What an unknown user's password is compared with, so that it takes the same time.
        self._nobody = hash_now("nobody", cost)

    async def verify(self, password: str, password_hash: str) -> bool:
        """Tell whether the password is the one that was hashed.

        Raises:
            InvalidPassword: the text cannot be a password.
            Overloaded: too many are being verified already.
        """
        return await self._run(_matches, _prehash(password), password_hash)

    async def verify_nobody(self, password: str) -> bool:
        """Spend the time of a verification on a user who does not exist; always False."""
        await self.verify(password, self._nobody)
        return False

    async def hash(self, password: str) -> str:
        """Hash a new password, or one whose hash is outdated; raises as `verify`."""
        return await self._run(_hash, _prehash(password), self._cost)

    def outdated(self, password_hash: str) -> bool:
        """Tell whether a hash was made at another cost and should be made anew at sign-in."""
        return not password_hash.startswith(f"$2b${self._cost:02d}$")

    def close(self) -> None:
        """Let the threads end; what still waits is given up."""
        self._executor.shutdown(wait=True, cancel_futures=True)

    async def _run(self, work: Callable[..., _Answer], *arguments: object) -> _Answer:
        if not self._places.acquire(blocking=False):
            raise Overloaded("too many sign-ins at once")
        try:
            future = self._executor.submit(work, *arguments)
        except RuntimeError:
            self._places.release()
            raise
        # The place is held until the work is done, and not until its caller went away: closed
        # connections must not make room for more.
        future.add_done_callback(self._leave)
        return await asyncio.wrap_future(future)

    def _leave(self, _: Future[_Answer]) -> None:
        self._places.release()


def _prehash(password: str) -> bytes:
    # The length first: normalising ten megabytes is work as well.
    if not 0 < len(password) <= MAXIMUM_BYTES:
        raise InvalidPassword(f"a password has 1 to {MAXIMUM_BYTES} bytes")
    encoded = _encode(_normalize(password))
    if len(encoded) > MAXIMUM_BYTES:
        raise InvalidPassword(f"a password has 1 to {MAXIMUM_BYTES} bytes")
    return base64.b64encode(hashlib.sha256(encoded).digest())


def _normalize(password: str) -> str:
    """RFC 8265 section 4.2.2 (OpaqueString): one kind of space, NFC, no control characters."""
    spaced = "".join(" " if unicodedata.category(c) == "Zs" else c for c in password)
    if any(unicodedata.category(character) == "Cc" for character in spaced):
        raise InvalidPassword("the password holds a control character")
    return unicodedata.normalize("NFC", spaced)


def _encode(password: str) -> bytes:
    try:
        return password.encode("utf-8")
    except UnicodeEncodeError:
        raise InvalidPassword("the password holds a lone surrogate") from None


def _hash(prehashed: bytes, cost: int) -> str:
    return bcrypt.hashpw(prehashed, bcrypt.gensalt(cost)).decode("ascii")


def _matches(prehashed: bytes, password_hash: str) -> bool:
    try:
        return bcrypt.checkpw(prehashed, password_hash.encode("ascii"))
    except ValueError:
        return False  # not a bcrypt hash: an account without a password, nobody signs in to it
