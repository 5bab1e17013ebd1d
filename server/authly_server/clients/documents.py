"""What clients publish and the server has to fetch: keys and metadata, behind a door of its own.

This floor knows no HTTP; whoever composes the program gives it something that fetches.
"""

from typing import Protocol


class DocumentUnavailable(Exception):  # noqa: N818  # an answer to a question, and no fault of ours
    """There is no such document now, or none that may be asked for; the reason is for the log."""


class Documents(Protocol):
    """Whoever can fetch what is published under an https URL."""

    async def fetch(self, url: str, *, limit: int, max_age: float | None = None) -> bytes:
        """The content of a JSON document, of at most `limit` bytes.

        It may be an older copy, though not older than `max_age` seconds where that is given.

        Raises:
            DocumentUnavailable: nothing was, or may be, fetched.
        """
