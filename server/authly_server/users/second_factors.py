"""Whether a code is one that the person's second factor admits now, and how often that is tried.

Counted in the database, so that replicas count together, and before a code is looked at, so that
many at once count too. A right one does not count.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from hashlib import sha256
from typing import Final
from uuid import UUID

from authly_server import telemetry
from authly_server.model.second_factor import SecondFactor
from authly_server.storage import attempts, second_factors
from authly_server.storage.pool import Database
from authly_server.users import one_time_codes, recovery_codes
from authly_server.users.devices import Device
from authly_server.users.factor_seal import FactorSeal


MOST_IN_A_ROW: Final = 5
_ROW_SECONDS: Final = 30 * 60
# Of a million codes three are good at a time: thirty guesses a day find one in thirty years.
MOST_IN_A_WHILE: Final = 10
WHILE_SECONDS: Final = 15 * 60
MOST_IN_A_DAY: Final = 30
_DAY_SECONDS: Final = 24 * 3600
# A browser is named by the application's clock, the factor by the database's.
_CLOCK_SECONDS: Final = 5
_log = telemetry.logger(__name__)


class Outcome(Enum):
    """What became of a code."""

    RIGHT = auto()
    WRONG = auto()
    TOO_MANY = auto()  # not looked at: for this person, on browsers like this one
    OVER = auto()  # not looked at: in this sign-in, which is over


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many within `seconds` of the first; `digest` is of what is counted."""

    digest: bytes
    most: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Guesser:
    """Who types a code: whose it should be, and in which sign-in or session, by its id.

    `browser` is the one that this person signs in on, by its id; None on any other.
    """

    user_id: UUID
    place: UUID
    browser: UUID | None = None

    @property
    def here(self) -> tuple[Limit, ...]:
        """Whatever is typed in one sign-in counts."""
        return (_limit("place", self.place.hex, MOST_IN_A_ROW, _ROW_SECONDS),)

    @property
    def everywhere(self) -> tuple[Limit, ...]:
        """Strangers share a count, which the owner's browser has no part in.

        Recovery codes are not counted so: nobody guesses one, and their owner gets in by one
        whatever strangers do.
        """
        whose = f"{self.user_id.hex}\0{self.browser.hex if self.browser else 'elsewhere'}"
        return (
            _limit("while", whose, MOST_IN_A_WHILE, WHILE_SECONDS),
            _limit("day", whose, MOST_IN_A_DAY, _DAY_SECONDS),
        )


def known_browser(device: Device | None, factor: SecondFactor) -> UUID | None:
    """The browser's id, if the person has signed in on it with this factor.

    By the password alone anybody may have made themselves known who knew that.
    """
    if device is None or device.since < factor.enrolled_at.timestamp() - _CLOCK_SECONDS:
        return None
    return device.id


class Factors:
    """Checks codes; `seal` opens the keys that are in the database."""

    def __init__(self, database: Database, seal: FactorSeal) -> None:
        self._database = database
        self.seal = seal

    async def check(
        self, factor: SecondFactor, typed: str, guesser: Guesser, now: datetime
    ) -> Outcome:
        """Use up what was typed, a one-time password or a recovery code, if it is a right one."""
        code, recovery = one_time_codes.parse(typed), recovery_codes.parse(typed)
        if code is None and recovery is None:
            return Outcome.WRONG  # a typing error, and no guess
        if not await self._may_try(guesser.here):
            return Outcome.OVER
        everywhere = guesser.everywhere if code is not None else ()
        if not await self._may_try(everywhere):
            await self._forgive(guesser.here)
            return Outcome.TOO_MANY
        is_right = (
            await self._use_code(factor, code, now)
            if code is not None
            else await self._use_recovery_code(factor, recovery or "")
        )
        if not is_right:
            return Outcome.WRONG
        await self._forgive((*guesser.here, *everywhere))
        return Outcome.RIGHT

    async def _use_code(self, factor: SecondFactor, code: str, now: datetime) -> bool:
        key = self.seal.open(factor.user_id, factor.sealed_key)
        if key is None:
            _log.error("a second factor was sealed by another SECRET_KEY", user_id=factor.user_id)
            return False
        step = one_time_codes.find_step(key, code, int(now.timestamp()))
        return step is not None and await second_factors.use_step(self._database, factor, step)

    async def _use_recovery_code(self, factor: SecondFactor, code: str) -> bool:
        digest = recovery_codes.digest(factor.user_id, code)
        return await second_factors.use_recovery_code(self._database, factor.user_id, digest)

    async def _may_try(self, limits: Sequence[Limit]) -> bool:
        counts = [
            (await attempts.take(self._database, limit.digest, seconds=limit.seconds), limit.most)
            for limit in limits
        ]
        return all(count <= most for count, most in counts)

    async def _forgive(self, limits: Sequence[Limit]) -> None:
        for limit in limits:
            await attempts.give_back(self._database, limit.digest)


def _limit(kind: str, whose: str, most: int, seconds: int) -> Limit:
    return Limit(sha256(f"second factor\0{kind}\0{whose}".encode()).digest(), most, seconds)
