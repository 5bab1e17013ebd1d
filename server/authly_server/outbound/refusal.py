"""Why somebody is not asked, or was asked in vain."""

from authly_server.clients.documents import DocumentUnavailable


class Refused(DocumentUnavailable):
    """Nothing was sent: the URL, its host's addresses or our own limits forbid it."""


class BadAnswer(DocumentUnavailable):
    """The host answered, but not with what was asked for."""


class Unreachable(DocumentUnavailable):
    """The host did not answer, or not in time."""
