"""Which of the twins of each database role is in use, and how far the swap to the other one is.

Each of the two roles that programs sign in by exists twice. A swap draws passwords for the twins
that are idle, goes over to those once a Job has made them, and has the former ones locked once
nobody uses them any more. So at each moment whatever a program was started with is good.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError


KEY: Final = "database-roles.json"
"""The key of the credentials Secret; absent where nobody ever asked for another password."""


class Twin(StrEnum):
    """Which of two roles."""

    A = "a"
    B = "b"

    @property
    def other(self) -> "Twin":
        """The one that is idle while this one is in use."""
        return Twin.B if self is Twin.A else Twin.A


class Phase(StrEnum):
    """What becomes of the twin that is idle."""

    SETTLED = "Settled"
    """Nothing: it is locked, or was never made."""
    PREPARING = "Preparing"
    """It has a password, and a Job makes it."""
    RETIRING = "Retiring"
    """It may still be used, and is locked once it is not."""


class Roles(BaseModel):
    """What the Secret keeps of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    current: Twin = Twin.A
    phase: Phase = Phase.SETTLED
    since: AwareDatetime | None = None
    """Since when the passwords are in use; None where nobody counts."""
    answered: Annotated[str, Field(max_length=16)] = ""
    """The digest of the last request that was fulfilled."""
    owners: Annotated[str, Field(max_length=16)] = ""
    """The mark of the owner's passwords that a Job has set; empty where none ever did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What spec and annotation ask for."""

    asked: str = ""
    """The digest of the request, if its time has come."""
    interval: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What was observed of the Jobs."""

    made: bool = False
    """Whether the idle twins have the passwords that were drawn for them."""
    locked: bool = False
    """Whether nobody can sign in as one of the idle twins."""


def parse(document: str | None) -> Roles:
    """The document of the Secret; a server without one uses its first roles.

    Raises:
        ValueError: it is something else.
    """
    if document is None:
        return Roles()
    try:
        return Roles.model_validate_json(document)
    except ValidationError:
        message = "it does not tell which roles are in use"
        raise ValueError(message) from None


def write(roles: Roles) -> str | None:
    """The document; None for what needs none."""
    return None if roles == Roles() else roles.model_dump_json(exclude_defaults=True)


def begin(wish: Wish, now: datetime, *, lost: bool) -> Roles:
    """The first passwords of a server, which answer whatever was asked before.

    Where others were `lost`, whoever found them could sign in as the twins: those are locked.
    """
    phase = Phase.RETIRING if lost else Phase.SETTLED
    return _dated(Roles(phase=phase, answered=wish.asked), wish, now)


def advance(roles: Roles, wish: Wish, progress: Progress, now: datetime) -> Roles:
    """Where the swap is now: at most one step further."""
    dated = _dated(roles, wish, now)
    wanted = _is_wanted(dated, wish, now)
    match dated.phase:
        case Phase.SETTLED if wanted:
            return _changed(dated, phase=Phase.PREPARING)
        case Phase.PREPARING if progress.made:
            return Roles(
                current=dated.current.other,
                phase=Phase.RETIRING,
                since=now,
                answered=wish.asked or dated.answered,
                owners=dated.owners,
            )
        case Phase.PREPARING if not wanted:  # it was taken back; a Job may have made them yet
            return _changed(dated, phase=Phase.RETIRING)
        case Phase.RETIRING if progress.locked:
            return _changed(dated, phase=Phase.SETTLED)
        case _:
            return dated


def next_step(roles: Roles, wish: Wish) -> datetime | None:
    """When the next swap begins by itself; None for never, or for after this one."""
    if roles.phase is not Phase.SETTLED or roles.since is None or wish.interval is None:
        return None
    return roles.since + wish.interval


def _is_wanted(roles: Roles, wish: Wish, now: datetime) -> bool:
    if wish.asked and wish.asked != roles.answered:
        return True
    return (
        wish.interval is not None
        and roles.since is not None
        and (roles.since + wish.interval <= now)
    )


def _dated(roles: Roles, wish: Wish, now: datetime) -> Roles:
    """With an interval somebody counts, from now on at the latest; a clock may have been ahead."""
    if roles.since is None and wish.interval is None:
        return roles
    return _changed(roles, since=min(roles.since or now, now))


def _changed(roles: Roles, **fields: object) -> Roles:
    return roles.model_copy(update=fields)
