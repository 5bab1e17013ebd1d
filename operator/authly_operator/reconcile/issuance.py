"""When a client got a token last, told so seldom that a client in use costs the cluster little."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from authly_operator.observed_clients import ClientObserved


NOTEWORTHY: Final = timedelta(hours=1)
"""How much later a token must be to be told of: a client that gets tokens all the time is written
to the cluster once an hour, and one that gets none never."""


def last(seen: ClientObserved, before: Mapping[str, Any], now: datetime) -> str | None:
    """The last token, RFC 3339, or what was told of it where nothing noteworthy came since.

    The operator's own token is told of in the pass that got it, so that it causes no write later.
    """
    told: str | None = before.get("lastTokenIssuedTime")
    if seen.verified is not None and seen.verified.got_token:
        return _text(now)
    known = (seen.row or {}).get("last_token_at")
    if known is None:
        return told
    issued = datetime.fromisoformat(known)
    if told is not None and issued - datetime.fromisoformat(told) < NOTEWORTHY:
        return told
    return _text(issued)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
