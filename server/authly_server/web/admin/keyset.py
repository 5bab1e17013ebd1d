"""Rows that are known by a UUID: in paths, and as the cursors of lists."""

from typing import Protocol
from uuid import UUID

from authly_server.protocol import errors, page as pages
from authly_server.protocol.page import Page


class Keyed(Protocol):
    """What has an id."""

    @property
    def id(self) -> UUID:
        """Its key."""


def identifier(name: str) -> UUID:
    """The id in a path, in the one way in which ids are told.

    Raises:
        OAuthError: there is nothing by that name.
    """
    found = parse(name)
    if found is None:
        raise errors.not_found()
    return found


def after(page: Page) -> UUID | None:
    """The id that a part of a list comes behind.

    Raises:
        OAuthError: invalid_request.
    """
    if page.after is None:
        return None
    found = parse(page.after)
    if found is None:
        raise pages.not_a_cursor()
    return found


def key(row: Keyed) -> str:
    """What the cursor behind a row holds."""
    return str(row.id)


def parse(text: str) -> UUID | None:
    """An id as they are told: RFC 9562 section 4, in lower case.

    The class itself takes braces, prefixes and other dashes too.
    """
    try:
        found = UUID(text)
    except ValueError:
        return None
    return found if str(found) == text else None
