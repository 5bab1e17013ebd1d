"""Messages on their way: no request waits for an SMTP server, and none learns how it went.

They are in memory alone. What a process that ends had not handed over is lost, and whoever asked
for it asks again: a link in a table would be one more credential in each backup.
"""

import asyncio
from collections.abc import Awaitable, Callable
from email.message import EmailMessage
from typing import Final

from authly_server import telemetry
from authly_server.mail.message import InvalidAddress, Letterhead, Message
from authly_server.mail.submission import NotSubmitted
from authly_server.metrics import Metrics


MOST_WAITING: Final = 100
AT_ONCE: Final = 4
# Seconds before each further attempt; whoever waits for a link has asked anew after that.
PAUSES: Final = (1.0, 5.0, 25.0)
_log = telemetry.logger(__name__)
Submit = Callable[[EmailMessage], Awaitable[None]]


class Outbox:
    """What is posted is handed over by `run`; where nobody runs it, a hundred messages wait."""

    def __init__(self, letterhead: Letterhead, submit: Submit, metrics: Metrics) -> None:
        self._letterhead = letterhead
        self._submit = submit
        self._metrics = metrics
        self._waiting: asyncio.Queue[EmailMessage] = asyncio.Queue(MOST_WAITING)

    def post(self, message: Message) -> None:
        """Have a message sent soon; one too many is left out, and told in the log."""
        try:
            self._waiting.put_nowait(self._letterhead.compose(message))
        except InvalidAddress as error:
            self._tell("refused", str(error))
        except asyncio.QueueFull:
            self._tell("dropped", f"{MOST_WAITING} messages wait already")

    async def run(self) -> None:
        """Hand over what is posted, for as long as the server runs."""
        async with asyncio.TaskGroup() as senders:
            for _ in range(AT_ONCE):
                senders.create_task(self._send_all())

    async def _send_all(self) -> None:
        while True:
            message = await self._waiting.get()
            try:
                await self._send(message)
            except Exception:  # noqa: BLE001  # a defect must not silence all later messages
                _log.exception("unexpected error")

    async def _send(self, message: EmailMessage) -> None:
        for pause in (*PAUSES, None):
            outcome, reason = await self._attempt(message, is_last=pause is None)
            self._tell(outcome, reason)
            if pause is None or outcome != "postponed":
                return
            await asyncio.sleep(pause)

    async def _attempt(self, message: EmailMessage, *, is_last: bool) -> tuple[str, str]:
        try:
            await self._submit(message)
        except NotSubmitted as error:
            return "given_up" if error.is_final or is_last else "postponed", str(error)
        return "sent", ""

    def _tell(self, outcome: str, reason: str) -> None:
        """Never to whom: the log is no list of addresses."""
        self._metrics.mails.labels(outcome).inc()
        write = _log.info if outcome == "sent" else _log.warning
        write("mail", outcome=outcome, reason=reason)
