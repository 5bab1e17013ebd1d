"""Changes of what somebody has looked at: If-Match names the version (RFC 9110 section 13.1.1)."""

from collections.abc import Sequence
from typing import Final

from authly_server.protocol import errors
from authly_server.protocol.errors import ErrorCode, OAuthError


MOST_CHARACTERS: Final = 1024


def parse(values: Sequence[str]) -> tuple[str, ...]:
    """The versions that the If-Match headers of a request name: what is in each strong tag.

    A weak tag matches nothing (RFC 9110 section 8.8.3.2), and `*`, which would change what nobody
    has looked at, is as good as none.

    Raises:
        OAuthError: invalid_request, with status 428 where there is none (RFC 6585 section 3).
    """
    if len(values) > 1:
        raise errors.invalid_request("more than one If-Match header")
    text = values[0].strip(" \t") if values else "*"
    if len(text) > MOST_CHARACTERS:
        raise errors.invalid_request("the If-Match header is too long")
    if text == "*":
        message = "If-Match must be the ETag of what was looked at before"
        raise OAuthError(ErrorCode.INVALID_REQUEST, message, 428)
    return tuple(map(_version, text.split(",")))


def write(version: str) -> str:
    """The strong tag of a version, which is digits."""
    return f'"{version}"'


def changed() -> OAuthError:
    """What is said where another version is there than the one that was looked at."""
    message = "it has changed since; look at it again, and use the ETag of that answer"
    return OAuthError(ErrorCode.INVALID_REQUEST, message, 412)


def _version(tag: str) -> str:
    """What is between the quotes; empty, which no version is, for what is not a version of ours."""
    inner = tag.strip(" \t")[1:-1]
    is_ours = inner.isascii() and inner.isdecimal() and tag.strip(" \t") == write(inner)
    return inner if is_ours else ""
