"""Tells clients of sessions that are over, OpenID Connect Back-Channel Logout section 2.5.

In the background and from the database's outbox: no logout waits for a client, and what one
process cannot deliver another one tries again. A client may be told twice, never not at all until
it was tried MOST_ATTEMPTS times, in some three hours.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from authly_server import entropy, telemetry
from authly_server.clients.documents import DocumentUnavailable
from authly_server.clock import Clock
from authly_server.metrics import Metrics
from authly_server.model.logout_notice import LogoutNotice
from authly_server.storage import errors, logout_notices
from authly_server.storage.pool import Database
from authly_server.tokens import id_token, logout_token
from authly_server.tokens.keyring import Keys


MOST_ATTEMPTS: Final = 10
MOST_AT_ONCE: Final = 4
EVERY_SECONDS: Final = 5.0
_PATIENCE: Final = 10.0
_JTI_BYTES: Final = 16
_OK = range(200, 300)
# Of a client's own errors, those that pass: RFC 9110 section 15.5.9, RFC 6585 section 4.
_PASSING: Final = frozenset({408, 429})
_log = telemetry.logger(__name__)


class Poster(Protocol):
    """Who sends forms to clients, and sees to it that they lead nowhere else."""

    async def post(self, url: str, form: Mapping[str, str]) -> int:
        """Send a form, and answer the status; raises DocumentUnavailable."""


@dataclass(frozen=True, slots=True)
class Courier:
    """Whoever ends a session sets `bell`, and it is delivered at once."""

    issuer: str
    database: Database
    keys: Keys
    clock: Clock
    metrics: Metrics
    poster: Poster
    bell: asyncio.Event

    async def run(self) -> None:
        """Deliver what is due, for as long as the server runs."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.bell.wait(), EVERY_SECONDS)
            self.bell.clear()
            try:
                await self._deliver_due()
            except errors.Unavailable as error:
                _log.warning("logout notices wait for the database", reason=str(error))
            except Exception:  # noqa: BLE001  # a defect must not silence all later notices
                _log.exception("unexpected error")

    async def _deliver_due(self) -> None:
        while due := await logout_notices.take(self.database, MOST_AT_ONCE):
            await asyncio.gather(*map(self._deliver, due))

    async def _deliver(self, notice: LogoutNotice) -> None:
        outcome, reason = await self._tell(notice)
        is_last = outcome == "postponed" and notice.attempts >= MOST_ATTEMPTS
        outcome = "given_up" if is_last else outcome
        self.metrics.logout_notices.labels(outcome).inc()
        if outcome != "postponed":
            await logout_notices.remove(self.database, notice.id)
        write = _log.info if outcome == "delivered" else _log.warning
        write(
            "logout notice",
            outcome=outcome,
            client_id=notice.client_id,
            attempt=notice.attempts,
            reason=reason,
        )

    async def _tell(self, notice: LogoutNotice) -> tuple[str, str]:
        """Answer what became of it, and why: section 2.8 has 200 for done and 400 for refused."""
        key = id_token.signer(self.keys.ring, notice.alg)
        if key is None or not notice.uri:
            return "given_up", "the client has no address any more, or there is no key to sign with"
        token = logout_token.issue(
            key,
            issuer=self.issuer,
            client_id=notice.client_id,
            subject=str(notice.user_id),
            session_id=str(notice.session_id),
            jti=entropy.draw(_JTI_BYTES).hex(),
            now=self.clock.now(),
        )
        try:
            async with asyncio.timeout(_PATIENCE):
                status = await self.poster.post(notice.uri, {"logout_token": token})
        except (DocumentUnavailable, TimeoutError) as error:
            return "postponed", str(error) or "it took too long"
        if status in _OK:
            return "delivered", f"it answered {status}"
        is_final = 400 <= status < 500 and status not in _PASSING  # noqa: PLR2004  # a client error
        return "given_up" if is_final else "postponed", f"it answered {status}"
