"""The last lines of our own Jobs, parsed: one JSON object each (authly-server, `conclusion`)."""

from collections.abc import Collection, Iterable
from typing import Annotated, Literal, TypeVar

import pydantic
from pydantic import Field

from authly_operator.observed_backups import BackupReport, RestoreReport


_FileName = Annotated[str, Field(max_length=255, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
_Moment = Annotated[str, Field(max_length=40)]


class _Line(pydantic.BaseModel):
    """Fields that a later version adds are no fault."""

    model_config = pydantic.ConfigDict(frozen=True, extra="ignore")


class _Made(_Line):
    event: Literal["backed_up"]
    file_name: _FileName
    begun_at: pydantic.AwareDatetime
    size: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    encrypted: bool
    schema_revision: Annotated[int, Field(ge=0)]
    postgres_version: Annotated[str, Field(max_length=64)]
    oldest_begun_at: pydantic.AwareDatetime
    verified: bool


class _Verified(_Line):
    event: Literal["backup_verified"]
    file_name: _FileName


class _Restored(_Line):
    event: Literal["restored"]
    replaced: Annotated[str, Field(max_length=63)] | None
    revoked: Literal["All", "IssuedAfterBackup", "None"]


class _Fenced(_Line):
    event: Literal["restore_step_done"]
    step: Literal["Fence"]
    revoked: Literal["All", "IssuedAfterBackup", "None"]


_Any = TypeVar("_Any", bound=_Line)


def backup(lines: Iterable[str]) -> BackupReport | None:
    """What the first of the lines that is about a backup says; None where there is none."""
    made = _first(_Made, lines)
    if made is None:
        return None
    told = made.model_dump(exclude={"event", "begun_at", "oldest_begun_at"})
    begun, oldest = (f"{one:%Y-%m-%dT%H:%M:%SZ}" for one in (made.begun_at, made.oldest_begun_at))
    return BackupReport(**told, begun_at=begun, oldest_begun_at=oldest)


def verified(lines: Iterable[str]) -> str | None:
    """The file name of the backup that was restored; None where no line says so."""
    found = _first(_Verified, lines)
    return found.file_name if found else None


def restored(lines: Collection[str]) -> RestoreReport | None:
    """What became of the database of before, and which tokens are refused; the fence knows that."""
    done, fenced = _first(_Restored, lines), _first(_Fenced, lines)
    if done is None:
        return None
    return RestoreReport(replaced=done.replaced, revoked=(fenced or done).revoked)


def _first(kind: type[_Any], lines: Iterable[str]) -> _Any | None:
    for line in lines:
        try:
            return kind.model_validate_json(line)
        except pydantic.ValidationError:
            continue
    return None
