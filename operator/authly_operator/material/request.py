"""What an annotation asks for once: now, or at the time that it names."""

import hashlib
from datetime import UTC, datetime


def read(text: str | None, now: datetime) -> tuple[str, datetime | None]:
    """The digest of the request, and its time where that has not come yet (the digest is empty).

    A time is one of RFC 3339; any other text counts at once.
    """
    moment = _moment(text)
    if moment is not None and moment > now:
        return "", moment
    return digest(text), None


def digest(text: str | None) -> str:
    """16 hexadecimal digits of SHA-256; empty where there is no text. An annotation may be long."""
    return hashlib.sha256(text.encode()).hexdigest()[:16] if text else ""


def _moment(text: str | None) -> datetime | None:
    """The time of RFC 3339 that the text is; None for any other text."""
    try:
        moment = datetime.fromisoformat(text or "")
        return None if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
