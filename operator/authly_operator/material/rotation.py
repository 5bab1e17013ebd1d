"""The life of signing keys: Published, then Active, then Retiring, then gone.

A pure step from one ring to the next. It may be taken at any moment and any number of times, and
what it answers may be lost before it was written: the next step finds the way from whatever ring
there is.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from authly_operator.material.keyring import Ring
from authly_operator.material.signing_key import SigningKey, State


PUBLISHED_FOR: Final = timedelta(minutes=10)
"""How long a key is published before it signs: until whoever verifies tokens must have seen it.

A JWKS may be cached for five minutes (the server's Cache-Control), and the kubelets bring a changed
Secret to all replicas within about two (their sync period and its jitter); the rest is for clocks.
"""
LONGEST_LIFETIME: Final = timedelta(hours=24)
"""Of an access or ID token of any client: what spec.tokens and AuthlyClients admit."""
RETIRING_FOR: Final = LONGEST_LIFETIME + timedelta(minutes=10)
"""How long a key verifies after it was told to sign no more: the last replica learns of that some
minutes later, and others may have slow clocks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the spec and the annotations ask for."""

    algorithms: tuple[str, ...]
    """Those that have an Active key; not empty."""
    interval: timedelta | None = None
    """After how long of signing a key is replaced; never by itself where None."""
    rotate: str = ""
    """A digest of what asks for a rotation; another one than before asks anew."""
    revoke: str = ""
    """The same for the revocation of all keys."""
    key: SigningKey | None = None
    """What signs instead of a drawn key, for its algorithm."""
    ring: tuple[SigningKey, ...] = ()
    """Keys with the states that somebody else decides, for their algorithms."""


@dataclass(frozen=True, slots=True)
class _Case:
    """What every decision of one step looks at."""

    wish: Wish
    now: datetime
    draw: Callable[[str], SigningKey] = field(repr=False)
    asked: bool
    """Whether each Active key is to be replaced, however young."""
    at_once: bool
    """Whether nothing signs, so that nothing is gained by waiting."""


def advance(ring: Ring, wish: Wish, now: datetime, draw: Callable[[str], SigningKey]) -> Ring:
    """Answer the ring as it should be now; the same one where nothing is due.

    `draw` answers a new key of an algorithm, published now.
    """
    revoking = wish.revoke not in ("", ring.revoked)
    left = [] if revoking else [_dated(key, now) for key in ring.keys if not _is_over(key, now)]
    case = _Case(
        wish,
        now,
        draw,
        asked=wish.rotate not in ("", ring.rotated),
        at_once=all(key.state is not State.ACTIVE for key in left),
    )
    kept = [key for alg in _wanted(wish) for key in _of_algorithm(alg, left, case)]
    keys = [*_unwanted(left, kept, case), *kept]
    return Ring(
        keys=tuple(_in_order(keys, left, wish)),
        rotated=wish.rotate or ring.rotated,
        revoked=wish.revoke or ring.revoked,
    )


def next_step(ring: Ring, wish: Wish) -> datetime | None:
    """When time alone changes the ring next; None for never."""
    return min((due for key in ring.keys if (due := _due(key, ring, wish))), default=None)


def signs_from(key: SigningKey) -> str | None:
    """When a Published key has been published long enough, as RFC 3339 has it; else None."""
    if key.state is not State.PUBLISHED or key.published_at is None:
        return None
    return (key.published_at + PUBLISHED_FOR).astimezone(UTC).strftime("%FT%TZ")


def _due(key: SigningKey, ring: Ring, wish: Wish) -> datetime | None:
    if key.kid in {one.kid for one in wish.ring}:
        return None
    if key.state is State.PUBLISHED:
        return key.published_at and key.published_at + PUBLISHED_FOR
    return key.retire_at if key.state is State.RETIRING else _worn_at(key, ring, wish)


def _worn_at(active: SigningKey, ring: Ring, wish: Wish) -> datetime | None:
    given = wish.key is not None and wish.key.alg == active.alg
    replaced = any((one.alg, one.state) == (active.alg, State.PUBLISHED) for one in ring.keys)
    if given or replaced or wish.interval is None or active.alg not in wish.algorithms:
        return None
    return active.active_at and active.active_at + wish.interval


def _wanted(wish: Wish) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*wish.algorithms, *(key.alg for key in wish.ring))))


def _of_algorithm(alg: str, left: Iterable[SigningKey], case: _Case) -> list[SigningKey]:
    """The keys of a wanted algorithm, exactly one of them Active."""
    mine = [key for key in left if key.alg == alg]
    given = [key for key in case.wish.ring if key.alg == alg]
    if given:
        return [
            *_retired(mine, given, case.now),
            *(_as_given(key, mine, case.now) for key in given),
        ]
    active = max(_in(State.ACTIVE, mine), key=_began, default=None)
    successor = _successor(alg, active, mine, case)
    if successor is None:
        return _with(mine, active, case)
    known_from = _published_at(successor) + PUBLISHED_FOR
    if not case.at_once and case.now < known_from:
        return [*_with(mine, active, case, successor), successor]
    signing = _changed(successor, state=State.ACTIVE, active_at=case.now)
    return [*_retired(mine, [signing], case.now), signing]


def _successor(
    alg: str, active: SigningKey | None, mine: list[SigningKey], case: _Case
) -> SigningKey | None:
    """What is to be Active after, or instead of, the active key; None where that one stays."""
    given = case.wish.key
    if given is not None and given.alg == alg:
        if active is not None and active.kid == given.kid:
            return None
        come = _changed(given, published_at=case.now)
        known = next((key for key in mine if key.kid == given.kid), come)
        return _changed(known, state=State.PUBLISHED, retire_at=None)
    published = max(_in(State.PUBLISHED, mine), key=_began, default=None)
    if published is not None:
        return published
    return case.draw(alg) if active is None or _is_worn(active, case) else None


def _is_worn(active: SigningKey, case: _Case) -> bool:
    interval = case.wish.interval
    signs_since = active.active_at or case.now
    return case.asked or (interval is not None and signs_since + interval <= case.now)


def _with(
    mine: list[SigningKey],
    active: SigningKey | None,
    case: _Case,
    successor: SigningKey | None = None,
) -> list[SigningKey]:
    """What there is beside the successor, with no other Active key and no other Published one."""
    stays = [key for key in (active, successor) if key is not None]
    kept = [active] if active is not None else []
    return [*_retired(mine, stays, case.now), *kept]


def _retired(
    mine: Iterable[SigningKey], stays: Iterable[SigningKey], now: datetime
) -> list[SigningKey]:
    """What does not stay, as Retiring; a key that never signed is simply left out."""
    staying = {key.kid for key in stays}
    left = [key for key in mine if key.kid not in staying]
    return [_retire(key, now) for key in left if key.active_at is not None]


def _retire(key: SigningKey, now: datetime) -> SigningKey:
    if key.state is State.RETIRING:
        return key
    return _changed(key, state=State.RETIRING, retire_at=now + RETIRING_FOR)


def _unwanted(
    left: Iterable[SigningKey], kept: Iterable[SigningKey], case: _Case
) -> list[SigningKey]:
    """Keys of algorithms that the spec does not name; one that signs does until it is relieved."""
    signing = {key.alg for key in _in(State.ACTIVE, kept)}
    relieved = signing.issuperset(case.wish.algorithms)
    others = [key for key in left if key.alg not in _wanted(case.wish)]
    stays = [] if relieved else _in(State.ACTIVE, others)
    return [*_retired(others, stays, case.now), *stays]


def _in_order(
    keys: Iterable[SigningKey], before: Iterable[SigningKey], wish: Wish
) -> list[SigningKey]:
    """As they were before, new ones last; first of all who signs until the wanted key does.

    A server whose algorithm has no Active key yet signs with the first that is.
    """
    place = {key.kid: number for number, key in enumerate(before)}
    return sorted(
        keys,
        key=lambda key: (
            key.state is not State.ACTIVE or key.alg in wish.algorithms,
            place.get(key.kid, len(place)),
        ),
    )


def _as_given(key: SigningKey, mine: Iterable[SigningKey], now: datetime) -> SigningKey:
    """A key whose state somebody else decides, with the times at which it was seen."""
    known = next((one for one in mine if one.kid == key.kid), key)
    signs_since = now if key.state is State.ACTIVE else None
    return _changed(
        key,
        published_at=known.published_at or now,
        active_at=known.active_at or signs_since,
    )


def _dated(key: SigningKey, now: datetime) -> SigningKey:
    """A key of a ring from before there were times, as if it had begun now.

    So is one that a clock dated ahead, which would keep everything waiting until then.
    """
    signed = key.state is not State.PUBLISHED
    retired = now + RETIRING_FOR if key.state is State.RETIRING else None
    return _changed(
        key,
        published_at=_earlier(key.published_at, now),
        active_at=_earlier(key.active_at, now if signed else None),
        retire_at=_earlier(key.retire_at, retired),
    )


def _earlier(moment: datetime | None, latest: datetime | None) -> datetime | None:
    """The moment, unless it is unknown or after the latest that it may be."""
    return min(moment or latest, latest) if latest else moment


def _is_over(key: SigningKey, now: datetime) -> bool:
    return key.state is State.RETIRING and key.retire_at is not None and key.retire_at <= now


def _in(state: State, keys: Iterable[SigningKey]) -> list[SigningKey]:
    return [key for key in keys if key.state is state]


def _began(key: SigningKey) -> datetime:
    return key.active_at or _published_at(key)


def _published_at(key: SigningKey) -> datetime:
    assert key.published_at is not None  # noqa: S101 - every key of a step is dated
    return key.published_at


def _changed(key: SigningKey, **fields: object) -> SigningKey:
    return key.model_copy(update=fields)
