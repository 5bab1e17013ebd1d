"""How long one has to wait after wrong passwords: longer and longer, and never for ever.

An attempt is taken from every bucket that it concerns before the password is looked at, so that
many at once count too, and given back if the password is right. Each bucket has several rates:
the first admits some typing errors, the last is what a patient stranger is left with.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from authly_server.limits.limiter import Limiter
from authly_server.limits.rate import Bucket, Rate, Refusal
from authly_server.users.devices import Device


# One person's attempts from one address, or on a browser where they have signed in before.
_PERSON_HERE: Final = (Rate.every(10, 5), Rate.every(60, 10), Rate.every(900, 20))
# All attempts at one person from browsers that are not known; NIST SP 800-63B section 5.2.2
# admits 100 in a row.
_PERSON: Final = (Rate.every(5, 20), Rate.every(60, 50), Rate.every(300, 100))
# All attempts from one address, at whomever.
_ADDRESS: Final = (Rate.every(5, 30), Rate.every(60, 100))
_NAME_CHARACTERS: Final = 32


@dataclass(frozen=True, slots=True)
class Attempt:
    """Somebody types a password: the name in its folded form, where they are, and on what."""

    name: str
    network: str
    device: Device | None


@dataclass(frozen=True, slots=True)
class Throttled:
    """Seconds to wait; `by` is the kind of bucket that says so: a fixed word."""

    by: str
    seconds: int


class Throttle:
    """Counts attempts; `secret` keeps the names of people out of what is counted."""

    def __init__(self, limiter: Limiter, secret: str) -> None:
        self._limiter = limiter
        self._key = hashlib.sha256(b"authly login throttle\0" + secret.encode()).digest()

    async def begin(self, attempt: Attempt) -> Throttled | None:
        """Count an attempt; what is answered instead if there were too many."""
        refusal = await self._limiter.take(self._buckets(attempt))
        return None if refusal is None else _throttled(refusal)

    async def succeed(self, attempt: Attempt) -> None:
        """The password was right: this attempt does not count, nor do typing errors before it."""
        await self._limiter.give_back(self._buckets(attempt))
        await self._limiter.forget(self._here(attempt))

    def _buckets(self, attempt: Attempt) -> Sequence[Bucket]:
        here = self._here(attempt)
        if attempt.device is not None:
            return here  # whatever strangers do, the owner's browser is counted for itself
        everywhere = _each("login:person", self._name(attempt), _PERSON)
        return [*here, *everywhere, *_each("login:address", attempt.network, _ADDRESS)]

    def _here(self, attempt: Attempt) -> list[Bucket]:
        name, device = self._name(attempt), attempt.device
        if device is not None:
            return _each("login:device", f"{device.user_id}:{device.id}", _PERSON_HERE)
        return _each("login:person_at_address", f"{name}:{attempt.network}", _PERSON_HERE)

    def _name(self, attempt: Attempt) -> str:
        name = attempt.name.encode("utf-8", "surrogatepass")
        return hmac.new(self._key, name, hashlib.sha256).hexdigest()[:_NAME_CHARACTERS]


def _each(kind: str, whose: str, rates: Sequence[Rate]) -> list[Bucket]:
    return [Bucket(f"{kind}:{rate.burst}:{whose}", rate) for rate in rates]


def _throttled(refusal: Refusal) -> Throttled:
    return Throttled(refusal.bucket.key.split(":")[1], refusal.seconds)
