"""Handing a message to the SMTP server of the settings (RFC 6409), privately or not at all."""

import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Final

from authly_server.mail_settings import Security


_PATIENCE: Final = 10.0


class NotSubmitted(Exception):  # noqa: N818  # what became of the message
    """The message was not taken; in a line why. `is_final` if it never will be."""

    def __init__(self, reason: str, *, is_final: bool) -> None:
        super().__init__(reason)
        self.is_final = is_final


@dataclass(frozen=True, slots=True)
class Submission:
    """Where messages are handed over, and as whom."""

    host: str
    port: int
    security: Security
    trust: ssl.SSLContext
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    async def submit(self, message: EmailMessage) -> None:
        """Hand over one message, in a connection of its own.

        Raises:
            NotSubmitted: the server is away, cannot be trusted, or does not take it.
        """
        # Most servers send no mail, and need not hold the library for it in memory.
        import aiosmtplib  # noqa: PLC0415

        try:
            await aiosmtplib.send(
                message,
                hostname=self.host,
                port=self.port,
                username=self.username,
                password=self.password,
                use_tls=self.security == "tls",
                start_tls=self.security == "starttls",
                tls_context=None if self.security == "none" else self.trust,
                timeout=_PATIENCE,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            refused = error.recipients[0]
            raise _refused(refused.code, refused.message) from error
        except aiosmtplib.SMTPResponseException as error:
            raise _refused(error.code, error.message) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise NotSubmitted(_line(str(error)), is_final=False) from error


def _refused(code: int, said: str) -> NotSubmitted:
    """RFC 5321 section 4.2.1: what begins with 5 is for good."""
    return NotSubmitted(f"it answered {code} {_line(said)}", is_final=code >= 500)  # noqa: PLR2004


def _line(said: str) -> str:
    return " ".join(said.split())[:200]
