"""Members of a JSON object that a stranger describes a client with, each of the kind it must be."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from authly_server.protocol import characters
from authly_server.protocol.errors import ErrorCode, OAuthError


MOST_URI_CHARACTERS: Final = 2048
Members = Mapping[str, object]


def invalid(reason: str) -> OAuthError:
    """RFC 7591 section 3.2.2."""
    return OAuthError(ErrorCode.INVALID_CLIENT_METADATA, reason)


def text(members: Members, name: str, most: int) -> str | None:
    """Text of at most so many characters; None if there is none.

    Raises:
        OAuthError: invalid_client_metadata.
    """
    value = members.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > most:
        raise invalid(f"{name} must be text of at most {most} characters")
    return value


def texts(members: Members, name: str, *, most: int, longest: int) -> tuple[str, ...] | None:
    """A list of texts without repetitions, in its order; None if there is none.

    Raises:
        OAuthError: invalid_client_metadata.
    """
    value = members.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or len(value) > most:
        raise invalid(f"{name} must be an array of at most {most} texts")
    if not all(isinstance(each, str) and 0 < len(each) <= longest for each in value):
        raise invalid(f"{name} must hold texts of 1 to {longest} characters")
    return tuple(dict.fromkeys(value))


def web_page(members: Members, name: str) -> str | None:
    """An https URL; None if there is none.

    Raises:
        OAuthError: invalid_client_metadata.
    """
    value = text(members, name, MOST_URI_CHARACTERS)
    if value is not None and not _is_web_page(value):
        raise invalid(f"{name} must be an https URL")
    return value


def flag(members: Members, name: str) -> bool:
    """True or false; false if it is left out.

    Raises:
        OAuthError: invalid_client_metadata.
    """
    value = members.get(name, False)
    if not isinstance(value, bool):
        raise invalid(f"{name} must be true or false")
    return value


def seconds(members: Members, name: str, most: int) -> int | None:
    """Whole seconds; None if there are none.

    Raises:
        OAuthError: invalid_client_metadata.
    """
    value = members.get(name)
    if value is None:
        return None
    if type(value) is not int or not 0 <= value <= most:
        raise invalid(f"{name} must be whole seconds from 0 to {most}")
    return value


def choice(members: Members, name: str, choices: tuple[str, ...]) -> str | None:
    """One of several words; None if there is none.

    Raises:
        OAuthError: invalid_client_metadata.
    """
    value = members.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or value not in choices:
        raise invalid(f"{name} must be one of {', '.join(choices)}")
    return value


def _is_web_page(uri: str) -> bool:
    if not characters.consists_of(uri, characters.URI):
        return False
    try:
        parts = urlsplit(uri)
        parts.port  # noqa: B018  # raises for a port that is not a number below 65536
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc
