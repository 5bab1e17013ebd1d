"""The passwords of those who own a managed database: its superuser, and the role of its replicas.

A Job sets them as the owner, so that no pod has to be replaced: `coming` are drawn while former
roles are being locked, by the same Job, and become `current` with its success. Until a migration
has signed in by those, what every Job is given beside them is `former`: PostgreSQL that starts
anew in between sets what its container was given.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from authly_operator.api import database
from authly_operator.material import replication
from authly_operator.observed import SecretData


OWNER: Final = "postgres-password"
"""The key of the credentials Secret, as replication.PASSWORD is."""
COMING: Final = ("next-postgres-password", "next-replication-password")
FORMER: Final = "former-postgres-password"
COMING_URL: Final = "NEXT_MIGRATION_DATABASE_URL"
FORMER_URL: Final = "FORMER_MIGRATION_DATABASE_URL"
COMING_REPLICATION_URL: Final = "NEXT_REPLICATION_URL"
REPLICATION_URL: Final = "REPLICATION_URL"
KEYS: Final = (
    *COMING,
    FORMER,
    COMING_URL,
    FORMER_URL,
    COMING_REPLICATION_URL,
    REPLICATION_URL,
)
"""What the Secret has of a rotation, beside what it always has."""


@dataclass(frozen=True, slots=True)
class Pair:
    """The owner's password, and the one by which replicas stream where there are any."""

    owner: str = field(repr=False)
    replication: str | None = field(default=None, repr=False)

    @property
    def mark(self) -> str:
        """16 hexadecimal digits that tell these passwords from others, and nothing of them."""
        return _digest("owner", self.owner, self.replication or "")

    @property
    def proof(self) -> str:
        """The same of what a migration signs in by, which knows nothing of replicas."""
        return _digest("owner", self.owner)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owners:
    """The passwords in use, those that come, and the owner's of before."""

    current: Pair
    coming: Pair | None = None
    former: str | None = field(default=None, repr=False)

    @property
    def data(self) -> Mapping[str, str]:
        """What the credentials Secret holds of them beside the owner's URLs."""
        found = {
            OWNER: self.current.owner,
            replication.PASSWORD: self.current.replication,
            FORMER: self.former,
            REPLICATION_URL: self.former and _url(self.current.replication),
        }
        if self.coming:
            coming = self.coming.owner, self.coming.replication
            found |= dict(zip(COMING, coming, strict=True))
            found[COMING_REPLICATION_URL] = _url(self.coming.replication)
        return {key: text for key, text in found.items() if text}


def draw(wanted: database.Database, kept: SecretData, text: Callable[[str], str]) -> Owners | None:
    """All of them, as they were or drawn; None where somebody else runs the database."""
    managed = wanted.managed
    if managed is None:
        return None

    def pair(owner: str, streaming: str) -> Pair:
        replicas = kept.get(streaming) or text(streaming) if managed.replicas else None
        return Pair(kept.get(owner) or text(owner), replicas)

    return Owners(
        current=pair(OWNER, replication.PASSWORD), coming=pair(*COMING), former=kept.get(FORMER)
    )


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _url(password: str | None) -> str | None:
    """A URL that says no place: who and by which password."""
    return password and f"postgresql://{replication.ROLE}:{quote(password, safe='')}@/"
