"""Which of a client's secrets, or keys, the operator registered, and what others did to them; pure.

A status tells of those that it knew by the names that the database gave them. Whatever else the
database has, somebody put there.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from authly_operator.api.rotation import SecretState
from authly_operator.observed_secrets import KnownSecret


@dataclass(frozen=True, slots=True)
class Told:
    """What a status told of the secrets, by name; `retiring` has when each of those is over.

    A former one that has not begun to retire is over at no time that is known: None.
    """

    names: frozenset[str] = frozenset()
    active: str | None = None
    retiring: Mapping[str, datetime | None] = field(default_factory=dict)


def told(status: Mapping[str, Any]) -> Told:
    """What the status tells; nothing where it is lost, or the first one to come."""
    listed = status.get("secrets") or ()
    active = [one["id"] for one in listed if one.get("state") == SecretState.ACTIVE]
    retiring = {
        one["id"]: datetime.fromisoformat(one["expires"]) if one.get("expires") else None
        for one in listed
        if one.get("state") == SecretState.RETIRING
    }
    names = frozenset(one["id"] for one in listed)
    return Told(names, active[0] if active else None, retiring)


def of_operator(
    known: Collection[KnownSecret], before: Told, current: str | None
) -> tuple[KnownSecret, ...]:
    """Those of what the database knows that were told of before, and the current one by digest.

    All of them where nothing was told, or where the current one is still to be registered: an
    operator may have died before it told of the one before that, which is not cut off.
    """
    if not before.names or current not in {one.digest for one in known}:
        return tuple(known)
    return tuple(one for one in known if one.name in before.names or one.digest == current)


def wanted(known: Collection[KnownSecret], row: Mapping[str, Any]) -> tuple[KnownSecret, ...]:
    """Those that were to be registered: what else the database knows was left there."""
    keys = (row.get("jwks") or {}).get("keys") or ()
    digests = {*(row.get("secret_sha256") or ()), *(key.get("kid") for key in keys)}
    return tuple(one for one in known if one.digest in digests)


def taken(ours: Collection[KnownSecret], before: Told, overlap: timedelta) -> tuple[str, ...]:
    """The former ones that somebody took before their time, by name.

    Only where the current one is the one of before: with each new one the operator lets the oldest
    go. And only before the moment at which it would have let it go itself, and died before it told.
    """
    if before.active is None or not before.names.issuperset(one.name for one in ours):
        return ()
    current = next((one for one in ours if one.name == before.active), None)
    gone = before.retiring.keys() - {one.name for one in ours}
    if current is None:
        return ()
    ends = {name: before.retiring[name] or current.created_at + overlap for name in gone}
    return tuple(sorted(name for name, end in ends.items() if current.observed_at < end))


def are_changed(
    stored: Collection[str],
    ours: Collection[KnownSecret],
    before: Told,
    current: str | None,
    *,
    was_reported: bool,
) -> bool:
    """Whether somebody put a secret beside ours, or took the current one away, by digest.

    A current one that is not stored was drawn or edited a moment ago, as long as the one that was
    told of last is there. Former ones that are gone, see `taken`.
    """
    if any(one != current and one not in {each.digest for each in ours} for one in stored):
        return True
    if current is None or current in stored:
        return False
    is_lost = before.active is not None and before.active not in {one.name for one in ours}
    return is_lost or was_reported or not stored
