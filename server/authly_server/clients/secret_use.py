"""Which secrets of clients are in use: noted in memory, written in the background.

Authentication itself writes nothing. A rotation that waits until a former secret is unused looks at
this, so it errs on the late side only by a minute or so (see `EVERY_SECONDS`, `PRECISION_SECONDS`).
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from authly_server import telemetry
from authly_server.model.client import Client, ClientOrigin
from authly_server.storage import client_secrets
from authly_server.storage.client_secrets import SecretKey
from authly_server.storage.errors import Unavailable
from authly_server.storage.pool import Database


EVERY_SECONDS: Final = 5.0
"""How often what was noted is written."""
PRECISION_SECONDS: Final = 60.0
"""A secret that is in use all the time is written this often, by each process."""
BATCH: Final = 200
"""Secrets in one statement: few enough that nobody waits behind it for long."""
_log = telemetry.logger(__name__)


@dataclass(slots=True)
class SecretUses:
    """The uses that were not written yet; `monotonic` answers seconds."""

    database: Database
    monotonic: Callable[[], float]
    _noted: dict[SecretKey, float] = field(default_factory=dict, repr=False)
    _written: dict[SecretKey, float] = field(default_factory=dict, repr=False)

    def note(self, client: Client, digest: bytes) -> None:
        """A client of the operator's has proved itself by the secret of that digest."""
        if client.origin is ClientOrigin.OPERATOR:
            self._noted[client.id, digest] = self.monotonic()

    async def run(self) -> None:
        """Write what was noted, for as long as the server runs."""
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            try:
                await self.write()
            except Unavailable as error:
                _log.warning("uses of secrets wait for the database", reason=str(error))
            except Exception:  # noqa: BLE001  # a defect must not silence all later notes
                _log.exception("unexpected error")

    async def write(self, *, everything: bool = False) -> None:
        """Write what was noted, of each secret once a minute, or `everything` before the end.

        What is not written now is kept for the next time.

        Raises:
            storage.errors.Unavailable: the database does not answer.
        """
        self._forget()
        due = [key for key in self._noted if everything or key not in self._written]
        for first in range(0, len(due), BATCH):
            await self._write(due[first : first + BATCH])

    async def _write(self, batch: Sequence[SecretKey]) -> None:
        began = self.monotonic()
        ages = {key: began - self._noted[key] for key in batch}
        left = await client_secrets.note_uses(self.database, ages)
        for key in ages.keys() - left:
            self._written[key] = began
            if self._noted[key] <= began:
                del self._noted[key]

    def _forget(self) -> None:
        """What was written a while ago may be written again."""
        oldest = self.monotonic() - PRECISION_SECONDS
        self._written = {key: at for key, at in self._written.items() if at > oldest}
