"""The three URLs of one database: its owner's, the server's and the operator's.

A managed database's follow from the passwords; an external one's from its owner's URL, whose host,
port, name and parameters they keep.
"""

import hashlib
import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from authly_operator import naming
from authly_operator.material.role_swap import Twin


AUTHORITY: Final = "database-ca.crt"
"""The key of the credentials Secret with the certificate authority of the database, as PEM."""
AUTHORITY_FILE: Final = "/etc/authly/database/ca.crt"
"""Where pods have it, as their URLs say; the operator uses a file of its own."""
MANAGED_NAME: Final = "authly"
MANAGED_OWNER: Final = "postgres"
_SECOND: Final = "_b"
"""What the name of a role's second twin ends with."""
_MAXIMUM_NAME: Final = 63 - len(f"_operator{_SECOND}")
"""Bytes; PostgreSQL cuts longer role names off, which would make two roles one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """The roles of the two programs: which of the twins, and their passwords."""

    server: str = field(repr=False)
    operator: str = field(repr=False)
    twin: Twin = Twin.A

    @property
    def suffix(self) -> str:
        """What their names end with; the first twins have the names of before there were two."""
        return _SECOND if self.twin is Twin.B else ""

    @property
    def mark(self) -> str:
        """16 hexadecimal digits that tell these passwords from others, and nothing of them."""
        told = "\0".join((self.twin, self.server, self.operator))
        return hashlib.sha256(told.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class DatabaseUrls:
    """The URLs; their representation shows none, since each has a password."""

    owner: str = field(repr=False)
    server: str = field(repr=False)
    operator: str = field(repr=False)


def managed(*, server: str, namespace: str, owner_password: str, roles: Roles) -> DatabaseUrls:
    """Answer the URLs of the database that the operator runs."""
    place = f"{naming.database_host(server, namespace)}:5432/{MANAGED_NAME}"
    server_role, operator_role = (f"authly_{one}{roles.suffix}" for one in ("server", "operator"))
    return DatabaseUrls(
        owner=f"postgresql://{MANAGED_OWNER}:{_quoted(owner_password)}@{place}",
        server=f"postgresql://{server_role}:{_quoted(roles.server)}@{place}",
        operator=f"postgresql://{operator_role}:{_quoted(roles.operator)}@{place}",
    )


def twin_of(url: str) -> str:
    """Answer a URL that names only the twin of the role of `url`, which has no password."""
    role = unquote(urlsplit(url).username or "")
    other = role.removesuffix(_SECOND) if role.endswith(_SECOND) else f"{role}{_SECOND}"
    return f"postgresql://{_quoted(other)}@/"


def of_place(place: str, username: str, password: str, sslmode: str) -> str:
    """Answer the owner's URL of `host:port/name`, where a host with colons is in brackets."""
    return f"postgresql://{_quoted(username)}:{_quoted(password)}@{place}?sslmode={sslmode}"


def verified(url: str) -> str:
    """Answer the URL with the certificate authority; in full where it does not say how far."""
    full = "" if re.search(r"[?&]sslmode=", url) else "sslmode=verify-full&"
    separator = "&" if "?" in url else "?"
    return f"{url.strip()}{separator}{full}sslrootcert={AUTHORITY_FILE}"


def external(owner: str, roles: Roles) -> DatabaseUrls:
    """Answer the URLs beside the owner's, with roles named after the database.

    Raises:
        ValueError: the owner's URL cannot be used; one line that never repeats it.
    """
    name = _database_name(owner.strip())
    return DatabaseUrls(
        owner=owner.strip(),
        server=_as_role(owner.strip(), f"{name}_server{roles.suffix}", roles.server),
        operator=_as_role(owner.strip(), f"{name}_operator{roles.suffix}", roles.operator),
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
