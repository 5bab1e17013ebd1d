"""The numbered SQL files as values; the program's own revision is the last one's number."""

import functools
import re
from dataclasses import dataclass
from importlib import resources


_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
_WITHOUT_TRANSACTION = "-- authly: without transaction"


@dataclass(frozen=True, slots=True)
class Revision:
    """One migration.

    One whose first line says `-- authly: without transaction` is run statement by statement, each
    ended by a semicolon at the end of a line and each repeatable.
    """

    number: int
    name: str
    sql: str

    @property
    def is_transactional(self) -> bool:
        """Whether all of it commits at once."""
        return not self.sql.startswith(_WITHOUT_TRANSACTION)

    @property
    def statements(self) -> tuple[str, ...]:
        """What is sent to the server, one round trip each."""
        if self.is_transactional:
            return (self.sql,)
        return tuple(part.strip() for part in self.sql.split(";\n") if part.strip())


@functools.cache
def every() -> tuple[Revision, ...]:
    """All migrations of this program, in order."""
    files = resources.files("authly_server.storage.migrations").iterdir()
    found = [
        Revision(int(match[1]), match[2], file.read_text("utf-8"))
        for file in files
        if (match := _NAME.fullmatch(file.name))
    ]
    return tuple(sorted(found, key=lambda revision: revision.number))


def latest() -> int:
    """The revision that this program needs."""
    return every()[-1].number
