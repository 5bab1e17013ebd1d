"""The three URLs of one database: its owner's, the server's and the operator's.

A managed database's follow from the passwords; an external one's from its owner's URL, whose host,
port, name and parameters they keep.
"""

import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from authly_operator import naming


AUTHORITY: Final = "database-ca.crt"
"""The key of the credentials Secret with the certificate authority of the database, as PEM."""
AUTHORITY_FILE: Final = "/etc/authly/database/ca.crt"
"""Where pods have it, as their URLs say; the operator uses a file of its own."""
MANAGED_NAME: Final = "authly"
MANAGED_OWNER: Final = "postgres"
_MAXIMUM_NAME: Final = 63 - len("_operator")
"""Bytes; PostgreSQL cuts longer role names off, which would make two roles one."""


@dataclass(frozen=True, slots=True)
class DatabaseUrls:
    """The URLs; their representation shows none, since each has a password."""

    owner: str = field(repr=False)
    server: str = field(repr=False)
    operator: str = field(repr=False)


def managed(
    *,
    server: str,
    namespace: str,
    owner_password: str,
    server_password: str,
    operator_password: str,
) -> DatabaseUrls:
    """Answer the URLs of the database that the operator runs."""
    place = f"{naming.database_host(server, namespace)}:5432/{MANAGED_NAME}"
    return DatabaseUrls(
        owner=f"postgresql://{MANAGED_OWNER}:{_quoted(owner_password)}@{place}",
        server=f"postgresql://authly_server:{_quoted(server_password)}@{place}",
        operator=f"postgresql://authly_operator:{_quoted(operator_password)}@{place}",
    )


def of_place(place: str, username: str, password: str, sslmode: str) -> str:
    """Answer the owner's URL of `host:port/name`, where a host with colons is in brackets."""
    return f"postgresql://{_quoted(username)}:{_quoted(password)}@{place}?sslmode={sslmode}"


def verified(url: str) -> str:
    """Answer the URL with the certificate authority; in full where it does not say how far."""
    full = "" if re.search(r"[?&]sslmode=", url) else "sslmode=verify-full&"
    separator = "&" if "?" in url else "?"
    return f"{url.strip()}{separator}{full}sslrootcert={AUTHORITY_FILE}"


def external(owner: str, *, server_password: str, operator_password: str) -> DatabaseUrls:
    """Answer the URLs beside the owner's, with roles named after the database.

    Raises:
        ValueError: the owner's URL cannot be used; one line that never repeats it.
    """
    name = _database_name(owner.strip())
    return DatabaseUrls(
        owner=owner.strip(),
        server=_as_role(owner.strip(), f"{name}_server", server_password),
        operator=_as_role(owner.strip(), f"{name}_operator", operator_password),
    )


def _database_name(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"postgresql", "postgres"} and parts.username and parts.hostname
    except ValueError:
        message = "it is not a URL"
        raise ValueError(message) from None
    name = unquote(parts.path.removeprefix("/"))
    if not usable or not name or "/" in name:
        message = "it must be postgresql://user:password@host:port/name"
        raise ValueError(message)
    if len(name.encode()) > _MAXIMUM_NAME:
        message = f"the database's name must be at most {_MAXIMUM_NAME} bytes, for its roles' sake"
        raise ValueError(message)
    return name


def _as_role(url: str, role: str, password: str) -> str:
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    netloc = f"{_quoted(role)}:{_quoted(password)}@{place}"
    return urlunsplit(parts._replace(netloc=netloc))


def _quoted(text: str) -> str:
    return quote(text, safe="")
