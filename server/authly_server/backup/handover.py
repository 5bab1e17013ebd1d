"""A dump that another container makes: what it is to run, and what it has left when it is over.

pg_dump refuses a database that is newer than itself, and writes for servers of its own version. So
the dump is made by the image of the database's own major version (PGDUMP(1), "Notes"), of which
this program only knows that it has `sh`, `psql` and `pg_dump`:

    prepare     this program      writes the order: a script, its SQL, and how to connect
    sh run      that image        writes the dump and the facts of its moment
    read        this program      compresses, seals, digests and keeps the dump

The order holds a password and belongs on a file system in memory; the dump takes room.
"""

import json
import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import pydantic

from authly_server.backup import dump, dump_script, source
from authly_server.backup.errors import BackupError
from authly_server.backup.source import Source
from authly_server.storage import errors, snapshot


_ORDER: Final = "order.json"


@dataclass(frozen=True, slots=True)
class Places:
    """Two directories that the containers share."""

    order: Path
    """Holds a password: on a file system in memory."""
    dumps: Path
    """Takes as much room as the dump."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What was asked for."""

    begun_at: datetime
    """Before the moment that the dump shows."""
    told: tuple[dict[str, str | bool], ...]
    """Of each source in turn what it is; empty where nothing is to be dumped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """A dump that was made, and what is known of the moment that it shows."""

    path: Path
    begun_at: datetime
    schema_revision: int
    postgres_version: str
    counts: dict[str, int]
    told: dict[str, str | bool]
    """Which of the sources it was read from; empty where there is but one."""


_READER: Final = pydantic.TypeAdapter(Order)


def prepare(url: str, replica_host: str | None, places: Places, *, begun_at: datetime) -> None:
    """Write down how the database of `url` is dumped.

    Raises:
        BackupError: it cannot be reached, has no schema of ours, or cannot be written down.
    """
    try:
        major = snapshot.major_version(url)
    except errors.MigrationError as error:
        raise BackupError(str(error)) from error
    sources = source.find(url, replica_host)
    _write(places, dump_script.run(major, places.dumps), sources, begun_at)


def prepare_nothing(places: Places, *, begun_at: datetime) -> None:
    """Write down that there is nothing to be dumped."""
    _write(places, dump_script.NOTHING, (), begun_at)


def read(dumps: Path) -> Handed | None:
    """What is in the directory; None where there was nothing to be dumped.

    Raises:
        BackupError: nobody has made the dump.
    """
    try:
        asked = _READER.validate_json((dumps / _ORDER).read_text())
        if not asked.told:
            return None
        facts = dict(_facts((dumps / dump_script.FACTS).read_text()))
        number = int((dumps / dump_script.SOURCE).read_text())
        return Handed(
            path=dumps / dump_script.DUMP,
            begun_at=asked.begun_at,
            schema_revision=int(facts.pop(dump_script.REVISION)),
            postgres_version=facts.pop(dump_script.VERSION),
            counts={table: int(rows) for table, rows in facts.items()},
            told=asked.told[number],
        )
    except (OSError, ValueError, LookupError) as error:
        message = f"{dumps} holds no dump that was made as `prepare-backup` says: {error}"
        raise BackupError(" ".join(message.split())) from error


def clear(dumps: Path) -> None:
    """Give the room of the dump back."""
    (dumps / dump_script.DUMP).unlink(missing_ok=True)


def _write(places: Places, script: str, sources: tuple[Source, ...], begun_at: datetime) -> None:
    asked = {"begun_at": begun_at.isoformat(), "told": [one.told for one in sources]}
    written = {
        places.dumps / _ORDER: json.dumps(asked),
        places.order / dump_script.RUN: script,
        places.order / dump_script.MOMENT: dump_script.SQL,
        **{
            places.order / f"{dump_script.CONNECTION}{number}": _exported(one.url)
            for number, one in enumerate(sources)
        },
    }
    try:
        for path, text in written.items():
            _keep(path, text)
    except OSError as error:
        message = f"{error.filename}: {error.strerror}"
        raise BackupError(message) from error


def _keep(path: Path, text: str) -> None:
    """For nobody but this user to read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)


def _exported(url: str) -> str:
    """The connection as a shell reads it; the other image's own PATH and language stay."""
    variables: Mapping[str, str] = dump.environment(url, {})
    return "".join(f"export {name}={shlex.quote(text)}\n" for name, text in variables.items())


def _facts(text: str) -> list[tuple[str, str]]:
    """Lines of name|value, as psql writes them unaligned."""
    rows = (line.partition("|") for line in text.splitlines() if line)
    return [(name, value) for name, _, value in rows]
