"""The ring of one server: what its spec and annotations ask for, brought to what was observed."""

from collections.abc import Callable
from datetime import datetime, timedelta

from authly_operator import naming
from authly_operator.api import authly_server, duration
from authly_operator.material import existing_keys, keyring, request, rotation
from authly_operator.material.signing_key import SigningKey
from authly_operator.observed import ServerObserved


def advance(
    spec: authly_server.Spec,
    seen: ServerObserved,
    document: str | None,
    now: datetime,
    draw: Callable[[str], SigningKey],
) -> tuple[str | None, datetime | None]:
    """Answer keyring.json as it should be now, and when time alone changes it next.

    The very document where nothing is due. With HS256 nothing is published and a ring stays as it
    was.

    Raises:
        ValueError: the document is not a ring; it is never overwritten.
        LookupError: the reference of the spec leads nowhere.
    """
    algorithms = keyring.algorithms(spec.signing_keys.algorithm)
    ring = keyring.parse(document)
    if not algorithms:
        return document, None
    known = {key.kid: key.private_key for key in ring.keys}
    existing = existing_keys.read(spec, seen.secrets, known)
    annotations = seen.identity.annotations
    asked, later = request.read(annotations.get(naming.ROTATE_AT_ANNOTATION), now)
    interval = spec.signing_keys.rotation_interval
    wish = rotation.Wish(
        algorithms=tuple(each.value for each in algorithms),
        interval=timedelta(seconds=duration.seconds(interval)) if interval else None,
        rotate=asked,
        revoke=request.digest(annotations.get(naming.REVOKE_KEYS_AT_ANNOTATION)),
        key=existing.key,
        ring=existing.ring,
    )
    advanced = rotation.advance(ring, wish, now, draw)
    steps = [step for step in (rotation.next_step(advanced, wish), later) if step is not None]
    unchanged = document is not None and advanced == ring
    return document if unchanged else keyring.write(advanced), min(steps, default=None)
