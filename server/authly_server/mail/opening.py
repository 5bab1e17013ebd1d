"""The outbox that the settings ask for."""

import ssl
from urllib.parse import urlsplit

from authly_server.clock import Clock
from authly_server.mail.message import Letterhead
from authly_server.mail.outbox import Outbox
from authly_server.mail.submission import Submission
from authly_server.metrics import Metrics
from authly_server.settings import Settings, SettingsError


def outbox(settings: Settings, clock: Clock, metrics: Metrics) -> Outbox | None:
    """An outbox, if there is an SMTP server.

    Raises:
        SettingsError: SMTP_CA_FILE cannot be read.
    """
    submission = check(settings)
    if submission is None or settings.smtp_from_email is None:
        return None
    host = urlsplit(settings.issuer or "").hostname or "localhost"
    letterhead = Letterhead(settings.smtp_from_email, host, clock.now)
    return Outbox(letterhead, submission.submit, metrics)


def check(settings: Settings) -> Submission | None:
    """Where mail would be handed over; raises as `outbox` does."""
    if settings.smtp_host is None:
        return None
    return Submission(
        host=settings.smtp_host,
        port=settings.smtp_port,
        security=settings.mail_security,
        trust=_trust(settings.smtp_ca_file),
        username=settings.smtp_username,
        password=settings.smtp_password,
    )


def _trust(certificates: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=certificates)
    except OSError as error:
        line = f"SMTP_CA_FILE: no certificate can be read from {certificates}"
        raise SettingsError((line,)) from error
