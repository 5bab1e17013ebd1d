"""Which part of a list is asked for: `limit` entries that come after a cursor.

A cursor is the key of the entry before, written so that nobody takes it for something to count
with. It is no secret, and nothing depends on who made it.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Final

from authly_server.protocol import errors
from authly_server.protocol.parameters import Parameters


NAMES: Final = ("limit", "after")
DEFAULT: Final = 50
MOST: Final = 200
MOST_CURSOR_CHARACTERS: Final = 2048


@dataclass(frozen=True, slots=True)
class Page:
    """`limit` entries from 1 to 200, after the one with that key; None is for the first ones."""

    limit: int = DEFAULT
    after: str | None = None


def parse(parameters: Parameters) -> Page:
    """The page that a query asks for.

    Raises:
        OAuthError: invalid_request.
    """
    limit, after = parameters.get("limit"), parameters.get("after")
    return Page(
        DEFAULT if limit is None else _limit(limit),
        None if after is None else parse_cursor(after),
    )


def parse_cursor(text: str) -> str:
    """The key in a cursor, as `write_cursor` got it.

    Raises:
        OAuthError: invalid_request.
    """
    key = _decode(text) if len(text) <= MOST_CURSOR_CHARACTERS else ""
    if not key or "\0" in key or write_cursor(key) != text:
        raise not_a_cursor()
    return key


def write_cursor(key: str) -> str:
    """The cursor of the entries after the one with that key, of at most 1536 bytes."""
    return base64.urlsafe_b64encode(key.encode()).rstrip(b"=").decode()


def not_a_cursor() -> errors.OAuthError:
    """What is said of a cursor that no answer has had."""
    return errors.invalid_request("after is not what the answer before it called next")


def _decode(text: str) -> str:
    """The text that was written in base64url, empty for what was not."""
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        return base64.b64decode(padded, altchars=b"-_", validate=True).decode()
    except (ValueError, binascii.Error):
        return ""


def _limit(text: str) -> int:
    is_short = text.isascii() and text.isdecimal() and len(text) <= len(str(MOST))
    limit = int(text) if is_short else 0
    if not 1 <= limit <= MOST:
        raise errors.invalid_request(f"limit must be a number from 1 to {MOST}")
    return limit
