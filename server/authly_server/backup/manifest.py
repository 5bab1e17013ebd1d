"""The manifest beside a backup: what is in it, and what it takes to bring it back."""

import dataclasses
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import pydantic

from authly_server.backup.errors import BackupError


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Facts of one backup; `counts` are rows by table, of the moment that the dump shows."""

    file_name: str
    begun_at: datetime
    seconds: float
    """How long it took."""
    size: int
    """Of the file, in bytes."""
    sha256: str
    encrypted: bool
    schema_revision: int
    postgres_version: Annotated[str, pydantic.Field(pattern=r"^\d+")]
    counts: dict[str, int]


_READER = pydantic.TypeAdapter(Manifest)


def text(manifest: Manifest) -> str:
    """The manifest as one JSON object, to be written as a file."""
    facts = dataclasses.asdict(manifest) | {"begun_at": manifest.begun_at.isoformat()}
    return json.dumps(facts, indent=2) + "\n"


def parse(found: str) -> Manifest:
    """A manifest as it was written.

    Raises:
        BackupError: it is something else.
    """
    try:
        return _READER.validate_json(found)
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        message = f"the manifest cannot be read: {'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise BackupError(message) from None
