"""An SMTP server that keeps what it is given, for what a server writes to people.

    with contextlib.closing(smtp.start()) as box:
        environ = box.settings      # what makes a server hand its mail over here
        box.next()                  # the next message that was not looked at yet

It takes mail only by STARTTLS and from USERNAME, unless it is asked to be otherwise.
"""

import asyncio
import queue
import shutil
import ssl
import tempfile
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from typing_extensions import override

from throwaway import certificates
from throwaway.ports import free_port


USERNAME, PASSWORD = "authly", "throwaway"  # of a server on loopback, for minutes
SENDER = "accounts@example.org"
_PATIENCE = 60.0


class _Controller(Controller):
    """One that hangs up on everybody when it stops."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._made: list[SMTP] = []

    @override
    def factory(self) -> SMTP:
        """What speaks with one client."""
        made: SMTP = super().factory()  # type: ignore[no-untyped-call]
        self._made.append(made)
        return made

    @override
    def stop(self, no_assert: bool = False) -> None:  # aiosmtpd's way
        """Stop listening, and leave no connection behind."""
        asyncio.run_coroutine_threadsafe(self._hang_up(), self.loop).result(_PATIENCE)
        super().stop(no_assert)

    async def _hang_up(self) -> None:
        for each in self._made:
            if each.transport is not None:
                each.transport.close()
        await asyncio.sleep(0.01)  # until the loop has told them


@dataclass
class Mailbox:
    """A listener on 127.0.0.1; `answers` are given to the next messages instead of taking them."""

    directory: Path
    port: int
    settings: dict[str, str]
    answers: "queue.SimpleQueue[str]" = field(default_factory=queue.SimpleQueue)
    _taken: "queue.Queue[EmailMessage]" = field(default_factory=queue.Queue, repr=False)
    _controller: Controller | None = field(default=None, repr=False)

    def next(self) -> EmailMessage:
        """The message that came next; waits for it."""
        return self._taken.get(timeout=_PATIENCE)

    def next_to(self, recipient: str) -> EmailMessage:
        """The next message to that person; those to others before it are not for anybody."""
        while (message := self.next())["To"] != recipient:
            pass
        return message

    @property
    def is_empty(self) -> bool:
        """Whether nothing has come that was not looked at."""
        return self._taken.empty()

    def listen(self, security: str = "starttls") -> None:
        """Take mail on the port from now on; `security` is as in SMTP_SECURITY."""
        context = _context(self.directory)
        self._controller = _Controller(
            self,
            hostname="127.0.0.1",
            port=self.port,
            ssl_context=context if security == "tls" else None,
            tls_context=context if security == "starttls" else None,
            require_starttls=security == "starttls",
            auth_required=security == "starttls",
            auth_require_tls=security == "starttls",
            authenticator=_authenticate,
        )
        self._controller.start()

    def hang_up(self) -> None:
        """Be away, until it listens again."""
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def close(self) -> None:
        """Stop listening and remove the files."""
        self.hang_up()
        shutil.rmtree(self.directory)

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:  # noqa: N802  # aiosmtpd's name for it
        """Keep a message, or refuse it as one was asked to."""
        try:
            answer = self.answers.get_nowait()
        except queue.Empty:
            self._taken.put(_read(envelope))
            return "250 OK"
        return answer


def start(security: str = "starttls") -> Mailbox:
    """A server that listens on a free port; `security` is as in SMTP_SECURITY."""
    directory = Path(tempfile.mkdtemp(prefix="authly-mail-"))
    certificates.write(directory)
    port = free_port()
    settings = {
        "SMTP_HOST": "localhost",
        "SMTP_PORT": str(port),
        "SMTP_USERNAME": USERNAME,
        "SMTP_PASSWORD": PASSWORD,
        "SMTP_FROM_EMAIL": SENDER,
        "SMTP_CA_FILE": str(directory / "authority.pem"),
    }
    box = Mailbox(directory, port, settings)
    box.listen(security)
    return box


def _context(directory: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "server.pem", directory / "server.key")
    return context


def _authenticate(_: SMTP, __: Session, ___: Envelope, ____: str, given: Any) -> AuthResult:
    expected = LoginPassword(USERNAME.encode(), PASSWORD.encode())
    return AuthResult(success=given == expected, handled=False)


def _read(envelope: Envelope) -> EmailMessage:
    content = envelope.content
    assert isinstance(content, bytes)  # noqa: S101  # as long as `decode_data` is off
    message = message_from_bytes(content, policy=policy.default)
    message["X-Envelope-To"] = ",".join(envelope.rcpt_tos)
    assert isinstance(message, EmailMessage)  # noqa: S101  # by the policy
    return message
