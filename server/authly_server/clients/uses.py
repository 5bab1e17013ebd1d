"""What clients use and get: noted in memory, written in the background.

Authentication and the token endpoint write nothing for it. A rotation that waits until a former
secret is unused looks at this, so it errs on the late side only by a minute or so (see
`EVERY_SECONDS`, `SECRET_SECONDS`).
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from authly_server import telemetry
from authly_server.storage.errors import Unavailable


EVERY_SECONDS: Final = 5.0
"""How often what was noted is written."""
SECRET_SECONDS: Final = 60.0
"""A secret that is in use all the time is written this often, by each process."""
TOKEN_SECONDS: Final = 300.0
"""So is the time of a client that gets tokens all the time."""
BATCH: Final = 200
"""Keys in one statement: few enough that nobody waits behind it for long."""
_log = telemetry.logger(__name__)

Key = TypeVar("Key", bound=Hashable)


@dataclass(slots=True)
class Uses(Generic[Key]):
    """The uses that were not written yet; `monotonic` answers seconds.

    `put` takes how many seconds ago each key was used last, and answers what it could not write
    now. Each key is written once in `precision` seconds.
    """

    put: Callable[[Mapping[Key, float]], Awaitable[frozenset[Key]]]
    precision: float
    monotonic: Callable[[], float]
    _noted: dict[Key, float] = field(default_factory=dict, repr=False)
    _written: dict[Key, float] = field(default_factory=dict, repr=False)

    def note(self, key: Key) -> None:
        """It was used now."""
        self._noted[key] = self.monotonic()

    async def run(self) -> None:
        """Write what was noted, for as long as the server runs."""
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            try:
                await self.write()
            except Unavailable as error:
                _log.warning("what clients use waits for the database", reason=str(error))
            except Exception:  # noqa: BLE001  # a defect must not silence all later notes
                _log.exception("unexpected error")

    async def write(self, *, everything: bool = False) -> None:
        """Write what was noted, each key once in a while, or `everything` before the end.

        What is not written now is kept for the next time.

        Raises:
            storage.errors.Unavailable: the database does not answer.
        """
        self._forget()
        due = [key for key in self._noted if everything or key not in self._written]
        for first in range(0, len(due), BATCH):
            await self._write(due[first : first + BATCH])

    async def _write(self, batch: Sequence[Key]) -> None:
        began = self.monotonic()
        ages = {key: began - self._noted[key] for key in batch}
        left = await self.put(ages)
        for key in ages.keys() - left:
            self._written[key] = began
            if self._noted[key] <= began:
                del self._noted[key]

    def _forget(self) -> None:
        """What was written a while ago may be written again."""
        oldest = self.monotonic() - self.precision
        self._written = {key: at for key, at in self._written.items() if at > oldest}
