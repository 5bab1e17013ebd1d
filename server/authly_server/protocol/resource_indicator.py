"""Resource indicators, RFC 8707: for which resource servers a token is wanted."""

from collections.abc import Collection, Sequence
from urllib.parse import urlsplit

from authly_server.protocol import characters, errors


MOST_RESOURCES = 10
MOST_CHARACTERS = 2048


def parse(values: Sequence[str]) -> tuple[str, ...]:
    """The resource parameters of a request without repetitions, in their order.

    RFC 8707 section 2: an absolute URI (RFC 3986 section 4.3) without a fragment.

    Raises:
        OAuthError: invalid_target.
    """
    if len(values) > MOST_RESOURCES:
        raise _invalid_target(f"more than {MOST_RESOURCES} resources")
    for value in values:
        _check(value)
    return tuple(dict.fromkeys(values))


def parse_targets(resources: Sequence[str], audiences: Sequence[str]) -> tuple[str, ...]:
    """Resources and audiences (RFC 8693 section 2.1), which are names of any form, as one list.

    Raises:
        OAuthError: invalid_target.
    """
    if len(resources) + len(audiences) > MOST_RESOURCES:
        raise _invalid_target(f"more than {MOST_RESOURCES} resources and audiences")
    for value in audiences:
        if len(value) > MOST_CHARACTERS or not characters.consists_of(value, characters.VSCHAR):
            raise _invalid_target("an audience must be printable ASCII, and not too long")
    return tuple(dict.fromkeys((*parse(resources), *audiences)))


def check_allowed(requested: Sequence[str], allowed: Collection[str]) -> None:
    """Each resource is one that the client may have tokens for (RFC 8707 section 2.2).

    Raises:
        OAuthError: invalid_target.
    """
    for value in requested:
        if value not in allowed:
            raise _invalid_target("the resource is unknown or not allowed for this client")


def _check(value: str) -> None:
    if len(value) > MOST_CHARACTERS or not characters.consists_of(value, characters.URI):
        raise _invalid_target("a resource must be a URI")
    if "#" in value:
        raise _invalid_target("a resource must have no fragment")
    try:
        parts = urlsplit(value)
    except ValueError as error:
        raise _invalid_target("a resource must be a URI") from error
    if not parts.scheme or not (parts.netloc or parts.path):
        raise _invalid_target("a resource must be an absolute URI")


def _invalid_target(description: str) -> errors.OAuthError:
    return errors.OAuthError(errors.ErrorCode.INVALID_TARGET, description)
