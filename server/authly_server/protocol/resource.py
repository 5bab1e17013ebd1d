# noqa: A005  # read as protocol.resource; nobody here needs the resource limits of Unix
"""Resource indicators (RFC 8707 section 2)."""

import re

from authly_server.protocol import errors


MAX_VALUES = 8
MAX_LENGTH = 2048
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!$-;=?-\[\]_a-z~]+")


def parse(values: tuple[str, ...]) -> tuple[str, ...]:
    """Return the distinct indicators in their order; raises OAuthError invalid_target."""
    if len(values) > MAX_VALUES:
        raise _refusal("too many resource parameters")
    if not all(map(is_indicator, values)):
        raise _refusal("a resource must be an absolute URI without a fragment")
    return tuple(dict.fromkeys(values))


def is_indicator(value: str) -> bool:
    """Say whether a value is an absolute URI without a fragment, of a sane length."""
    return len(value) <= MAX_LENGTH and _ABSOLUTE.fullmatch(value) is not None


def _refusal(description: str) -> errors.OAuthError:
    return errors.OAuthError(errors.ErrorCode.INVALID_TARGET, description)
