"""All settings for people: in the terminal, and as the text of docs/settings.md.

Only what the models say is told, never a value that somebody has set.
"""

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from authly_server.backup_settings import BackupSettings
from authly_server.client_settings import ClientSettings
from authly_server.limit_settings import LimitSettings
from authly_server.mail_settings import MailSettings
from authly_server.settings import Settings


SECTIONS: Final[tuple[tuple[str, type[BaseModel]], ...]] = (
    ("Server", Settings),
    ("Limits", LimitSettings),
    ("Clients", ClientSettings),
    ("Backups", BackupSettings),
    ("Mail", MailSettings),
)
HEAD: Final = """\
# Settings of the server

Generated from the program by `python dev/derived`; do not edit. Each is an environment variable;
an empty one is as good as none. `authly-server settings` prints the same, and
`authly-server check-config` tells which of yours are wrong. The operator sets most of them from
the fields of an AuthlyServer, see [api.md](api.md); others can be set by `spec.extraEnv`.
"""
_WIDTH: Final = 96


@dataclass(frozen=True, slots=True)
class Row:
    """One environment variable; `default` is as one would write it, empty for none."""

    name: str
    default: str
    meaning: str
    is_needed: bool


def rows(model: type[BaseModel]) -> Iterator[Row]:
    """The settings that this very part of the models declares."""
    for name in model.__annotations__:
        if name in model.model_fields:
            field = model.model_fields[name]
            meaning = " ".join((field.description or "").split())
            yield Row(name.upper(), _default(field), meaning, field.is_required())


def text() -> str:
    """For a terminal."""
    return "\n".join(line for title, model in SECTIONS for line in _section(title, model)) + "\n"


def markdown() -> str:
    """For docs/settings.md."""
    return "\n".join([HEAD, *(_table(title, model) for title, model in SECTIONS)])


def _section(title: str, model: type[BaseModel]) -> Iterator[str]:
    yield title
    for row in rows(model):
        yield f"  {row.name}{' (needed)' if row.is_needed else ''}{_shown(row)}"
        yield from textwrap.wrap(
            row.meaning, _WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6
        )
    yield ""


def _table(title: str, model: type[BaseModel]) -> str:
    head = [f"## {title}", "", "| variable | default | meaning |", "|---|---|---|"]
    return "\n".join([*head, *(_line(row) for row in rows(model))]) + "\n"


def _line(row: Row) -> str:
    default = "**needed**" if row.is_needed else f"`{row.default}`" if row.default else ""
    return f"| `{row.name}` | {default} | {row.meaning.replace('|', chr(92) + '|')} |"


def _shown(row: Row) -> str:
    return f" = {row.default}" if row.default else ""


def _default(field: FieldInfo) -> str:
    """As it is written in the environment."""
    default = None if field.is_required() else field.default
    match default:
        case None:
            return ""
        case bool():
            return str(default).lower()
        case tuple():
            return ",".join(str(each) for each in default)
        case _:
            return str(default)
