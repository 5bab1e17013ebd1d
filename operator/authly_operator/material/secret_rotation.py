"""Which secrets, or keys, of a client are valid beside each other, and until when; pure.

A step may be taken at any moment and any number of times, and the operator may die after each: what
is due follows from the Secret, which is written first, and from what the database knows. Every
time compared here is the database's.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from authly_operator import naming
from authly_operator.api import authly_client, duration
from authly_operator.api.rotation import RetireWhen, Rotation
from authly_operator.material import client_key, client_secret, request
from authly_operator.observed_clients import ClientObserved, SecretSeen
from authly_operator.observed_secrets import KnownSecret


MOST: Final = 4
"""Secrets of a client that the server takes at a time: the current one, and those before."""
KEYED: Final = "private_key_jwt"
"""The method of clients that prove themselves by keys, as rows name it."""
QUIET_AT_LEAST: Final = timedelta(minutes=2)
"""How long a secret must not have been used to count as unused: uses are noted some time later."""


def draw(spec: authly_client.Spec, seen: ClientObserved, entropy: bytes) -> str | None:
    """The client secret that holds from now on, another one where a rotation is due; else None."""
    if spec.has_secret() and is_due(spec, seen):
        return client_secret.generate(entropy)
    return client_secret.draw(spec, seen, entropy)


def is_due(spec: authly_client.Spec, seen: ClientObserved) -> bool:
    """Whether the secret is to be replaced now: never before the rotation before is over."""
    if not _is_at_rest(spec, seen):
        return False
    moment = next_time(spec, seen)
    return moment is not None and moment <= seen.secrets[0].observed_at


def next_time(spec: authly_client.Spec, seen: ClientObserved) -> datetime | None:
    """When the secret is to be replaced next, may be in the past; None for never by itself."""
    if not seen.secrets or not _is_generated(spec):
        return None
    current, interval = seen.secrets[0], rotation(spec).interval
    worn = current.created_at + _lapse(interval) if interval else None
    wanted, later = request.read(_annotation(seen), current.observed_at)
    if later is None and wanted not in ("", _answered(seen)):
        later = current.observed_at
    return min((moment for moment in (worn, later) if moment is not None), default=None)


def mark(seen: ClientObserved, *, replaces: bool) -> str:
    """What the Secret remembers of the request that it was rotated for, written along with it.

    `replaces` tells whether its client secret is a new one: what was asked for is done then.
    """
    if not replaces:
        return _answered(seen)
    now = seen.secrets[0].observed_at if seen.secrets else None
    wanted = (
        request.digest(_annotation(seen))
        if now is None
        else request.read(_annotation(seen), now)[0]
    )
    return wanted or _answered(seen)


def digests(text: str | None, known: Sequence[KnownSecret]) -> tuple[str, ...]:
    """What the server is to take: the current secret, and all before it that are not retired."""
    if text is None:
        return ()
    current = client_secret.digest(text)
    others = [one.digest for one in known if one.digest != current]
    return (current, *others[: MOST - 1])


def held(spec: authly_client.Spec, seen: ClientObserved) -> str | None:
    """By which digest, or kid, the database would know what the client's Secret holds."""
    if spec.has_generated_key():
        return client_key.held(seen)
    text = seen.secret.data.get("client_secret") if seen.secret else None
    return None if text is None else client_secret.digest(text)


def without(row: Mapping[str, Any], over: Sequence[KnownSecret]) -> dict[str, Any]:
    """The row without these secrets, or keys."""
    digests = {one.digest for one in over}
    if row["auth_method"] != KEYED:
        return {**row, "secret_sha256": [one for one in row["secret_sha256"] if one not in digests]}
    keys = [key for key in row["jwks"]["keys"] if key.get("kid") not in digests]
    return {**row, "jwks": {**row["jwks"], "keys": keys}}


def expires(policy: Rotation, former: KnownSecret) -> datetime | None:
    """When a former secret is over, as things stand; None before the one after it was verified."""
    if former.retiring_since is None:
        return None
    overlap = _lapse(policy.overlap)
    if policy.retire_when is RetireWhen.ELAPSED:
        return former.retiring_since + overlap
    used = max(former.retiring_since, former.last_used_at or former.retiring_since)
    return used + max(overlap, QUIET_AT_LEAST)


def is_over(policy: Rotation, former: KnownSecret) -> bool:
    """Whether a former secret has served its time."""
    end = expires(policy, former)
    return end is not None and end <= former.observed_at


def overlap(spec: authly_client.Spec) -> timedelta:
    """How long a former secret is valid beside a current one that works, at least."""
    return _lapse(rotation(spec).overlap)


def rotation(spec: authly_client.Spec) -> Rotation:
    """The rotation that holds, where none was chosen too: edits have an overlap in any case."""
    return spec.rotation or Rotation()


def _is_generated(spec: authly_client.Spec) -> bool:
    existing = spec.auth.secret is not None and spec.auth.secret.ref is not None
    drawn = spec.has_generated_key() or (spec.has_secret() and not existing)
    return drawn and spec.enabled


def _is_at_rest(spec: authly_client.Spec, seen: ClientObserved) -> bool:
    """Whether one secret is valid, the Secret holds it, and a new one could be verified."""
    answers = seen.server is not None and seen.server.ready
    if not answers or len(seen.secrets) != 1 or not _is_generated(spec):
        return False
    return seen.secret is not None and held(spec, seen) == seen.secrets[0].digest


def _annotation(seen: ClientObserved) -> str | None:
    return seen.identity.annotations.get(naming.ROTATE_AT_ANNOTATION)


def _answered(seen: ClientObserved) -> str:
    """Which request was the last one that the Secret was rotated for.

    Of one that is gone nobody knows: it comes back as it was, and is rotated by no old request.
    """
    found: SecretSeen | None = seen.secret or seen.former
    if found is None:
        return ""
    if found.recalled:
        return request.digest(_annotation(seen))
    return found.annotations.get(naming.ROTATED_FOR_ANNOTATION, "")


def _lapse(text: str) -> timedelta:
    return timedelta(seconds=duration.seconds(text))
