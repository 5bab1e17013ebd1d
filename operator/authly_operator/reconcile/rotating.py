"""The overlap of a client's secrets: begun once the new one works, and ended when it is over.

Every step looks at what there is. An operator that was away for the whole overlap begins it when it
is back; one that dies in between leaves more secrets valid, and never fewer.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from authly_operator.api import authly_client
from authly_operator.api.rotation import SecretState, SecretStatus
from authly_operator.desired import client_drift
from authly_operator.instance import errors, registry
from authly_operator.material import secret_rotation
from authly_operator.observed_clients import ClientObserved
from authly_operator.observed_secrets import KnownSecret, RolloutState
from authly_operator.reconcile import consumers, registration
from authly_operator.reconcile.collaborators import Collaborators


SOONEST: Final = 1.0
"""Seconds between two looks, however soon something is due."""
ROLLING_SECONDS: Final = 3.0
"""How soon a roll-out is looked at again: nobody watches workloads of other people."""
STUCK_SECONDS: Final = 60.0
"""The same where somebody has to do something first."""
NOTEWORTHY: Final = timedelta(hours=1)
"""How much later a use must be to be told by itself: a client in use all the time is written to
the cluster once an hour, and else only while its secret is rotated."""


async def advance(
    tools: Collaborators, spec: authly_client.Spec, seen: ClientObserved, url: str | None
) -> ClientObserved:
    """Begin the overlap if the current secret was verified, and retire what has served its time.

    Raises:
        instance.errors.StaleEpoch: another operator leads.
    """
    if url is None or not seen.secrets[1:] or not seen.current_works:
        return seen
    try:
        seen = await _begin(tools, seen, url)
        seen = dataclasses.replace(seen, rollouts=await consumers.restart(tools, spec, seen))
        return await _retire(tools, spec, seen, url) if _all_run(seen) else seen
    except errors.Unreachable as error:
        return dataclasses.replace(seen, error=str(error))


async def _begin(tools: Collaborators, seen: ClientObserved, url: str) -> ClientObserved:
    current, *former = seen.secrets
    if all(one.retiring_since is not None for one in former):
        return seen
    assert seen.row is not None  # noqa: S101  # its secrets were seen
    client_id, owner = seen.row["client_id"], seen.identity.owner
    await registry.retire_secrets(url, client_id, owner, current.name, tools.epoch())
    return await _again(seen, url)


async def _retire(
    tools: Collaborators, spec: authly_client.Spec, seen: ClientObserved, url: str
) -> ClientObserved:
    policy = secret_rotation.rotation(spec)
    over = [one for one in seen.secrets[1:] if secret_rotation.is_over(policy, one)]
    if not over:
        return seen
    assert seen.row is not None  # noqa: S101  # its secrets were seen
    row = secret_rotation.without(seen.row, over)
    written = await registry.apply_client(url, row, tools.epoch())
    seen = dataclasses.replace(seen, written=written, row=row, synced=_synced(seen, over))
    return await _again(seen, url)


def _synced(seen: ClientObserved, over: Sequence[KnownSecret]) -> str | None:
    """What is wanted from now on: public keys are a part of it, digests of secrets are not."""
    if seen.synced is None or seen.wanted is None:
        return seen.synced
    return client_drift.digest(secret_rotation.without(seen.wanted, over))


async def _again(seen: ClientObserved, url: str) -> ClientObserved:
    """What there is now of the secrets that were seen, with their present times."""
    assert seen.row is not None  # noqa: S101  # its secrets were seen
    names = {one.name for one in seen.secrets}
    known = await registry.observe_secrets(url, seen.row["client_id"])
    return dataclasses.replace(seen, secrets=tuple(one for one in known if one.name in names))


def _all_run(seen: ClientObserved) -> bool:
    return all(one.state is RolloutState.ROLLED_OUT for one in seen.rollouts)


def seconds(spec: authly_client.Spec, seen: ClientObserved) -> float:
    """How soon to look again, where that is before the usual time."""
    if not _all_run(seen):
        moving = any(one.state is RolloutState.ROLLING_OUT for one in seen.rollouts)
        return ROLLING_SECONDS if moving else STUCK_SECONDS
    policy = secret_rotation.rotation(spec)
    ends = [secret_rotation.expires(policy, one) for one in seen.secrets[1:]]
    moments = ends or [secret_rotation.next_time(spec, seen)]
    lapses = [
        (moment - seen.secrets[0].observed_at).total_seconds()
        for moment in moments
        if moment is not None
    ]
    return max(SOONEST, min([registration.READY_SECONDS, *lapses]))


def facts(
    spec: authly_client.Spec, seen: ClientObserved, before: Mapping[str, Any]
) -> dict[str, Any]:
    """What the status tells of secrets, and of when they are replaced."""
    if not seen.secrets:
        kept = before if seen.row is None and spec.is_rotated() else {}
        return {key: kept.get(key) for key in ("secrets", "nextRotationTime")}
    told = {one.get("id"): one for one in before.get("secrets") or ()}
    policy = secret_rotation.rotation(spec)
    listed = [
        SecretStatus(
            id=one.name,
            created=_text(one.created_at),
            last_used=_last_used(one, told.get(one.name, {}), alone=len(seen.secrets) == 1),
            expires=_text_or_none(secret_rotation.expires(policy, one)),
            state=SecretState.RETIRING if number else SecretState.ACTIVE,
        )
        for number, one in enumerate(seen.secrets)
    ]
    return {
        "secrets": [
            one.model_dump(mode="json", by_alias=True, exclude_none=True) for one in listed
        ],
        "nextRotationTime": _text_or_none(_next(spec, seen)),
    }


def _next(spec: authly_client.Spec, seen: ClientObserved) -> datetime | None:
    """The next rotation begins when the one before is over."""
    due = secret_rotation.next_time(spec, seen)
    policy = secret_rotation.rotation(spec)
    ends = [secret_rotation.expires(policy, one) for one in seen.secrets[1:]]
    if due is None or None in ends:
        return None
    return max([due, *(end for end in ends if end is not None)])


def _last_used(secret: KnownSecret, told: Mapping[str, Any], *, alone: bool) -> str | None:
    """The last use, or what was told of it where nothing noteworthy came since."""
    used, before = secret.last_used_at, told.get("lastUsed")
    if used is None or not alone:
        return _text_or_none(used)
    since = datetime.fromisoformat(before) if before else secret.created_at
    return _text(used) if used - since >= NOTEWORTHY else before


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _text_or_none(moment: datetime | None) -> str | None:
    return None if moment is None else _text(moment)
