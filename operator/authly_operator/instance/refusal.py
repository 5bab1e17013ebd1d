"""What a failed use of a database is told people in: one line without URL and password; pure."""

from typing import Final
from urllib.parse import quote

import psycopg
from psycopg import conninfo


STALE_EPOCH: Final = "AU001"
"""SQLSTATE of authly_api for a write with the epoch of a former leader."""
MAXIMUM_LINE: Final = 400
_NOT_LET_IN: Final = ("password authentication failed", "is not permitted to log in")
_ADVICE: Final = (
    ("password authentication failed", "check the user and the password"),
    ("failed to resolve host", "check the host's name"),
    ('database "', "check the name, or create it"),
    ("does not support SSL", "turn TLS on there, or ask for another sslmode"),
    ("certificate", "check sslmode and sslrootcert"),
    ("Connection refused", "check that it runs, and its port"),
    ("in time", "check that it runs, and that the network lets through"),
)
_ADVICE_BY_STATE: Final = {
    "3F000": "it is not migrated yet",
    "42883": "it is not migrated yet",
    "42501": "its migration has to grant it",
    "25006": "name the host of the primary",
}


def line(failure: Exception, url: str) -> str:
    """Say which database, what was wrong there, and what to do."""
    try:
        given = conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        return "the database URL cannot be read: postgresql://user:password@host:port/name is one"
    place = f"{given.get('host') or 'localhost'}:{given.get('port') or 5432}"
    reason = _reason(failure)
    told = "; ".join(part for part in (reason, _advice(failure, reason)) if part)
    return _without(str(given.get("password") or ""), f"the database at {place}: {told}")


def keeps_out(failure: Exception) -> bool:
    """Whether PostgreSQL refused the role itself, by its password or since it may not sign in.

    libpq has no SQLSTATE for what went wrong before there was a session.
    """
    refused = isinstance(failure, psycopg.OperationalError)
    return refused and any(marker in str(failure) for marker in _NOT_LET_IN)


def _reason(failure: Exception) -> str:
    if isinstance(failure, TimeoutError | psycopg.errors.ConnectionTimeout):
        return "no answer in time"
    primary = failure.diag.message_primary if isinstance(failure, psycopg.Error) else None
    text = primary or (str(failure).splitlines() or [""])[0].rpartition(" failed: ")[2]
    printable = "".join(one if one.isprintable() else " " for one in text)
    return " ".join(printable.removeprefix("FATAL:").split()) or type(failure).__name__


def _advice(failure: Exception, reason: str) -> str:
    by_state = _ADVICE_BY_STATE.get(getattr(failure, "sqlstate", None) or "")
    return by_state or next((advice for marker, advice in _ADVICE if marker in reason), "")


def _without(password: str, text: str) -> str:
    for secret in (password, quote(password, safe="")):
        text = text.replace(secret, "***") if secret else text
    return text[:MAXIMUM_LINE]
