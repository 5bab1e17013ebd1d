"""What can go wrong between the operator and the API server, each with one line for people."""

import json
from typing import Final, Self

from typing_extensions import override


OVERLOADED: Final = frozenset({429, 502, 503, 504})
"""Answers that say nothing about the request: the same one may succeed later."""
REASONS: Final = frozenset(
    {
        "Unauthorized",
        "Forbidden",
        "NotFound",
        "AlreadyExists",
        "Conflict",
        "Gone",
        "Invalid",
        "ServerTimeout",
        "Timeout",
        "TooManyRequests",
        "BadRequest",
        "MethodNotAllowed",
        "NotAcceptable",
        "RequestEntityTooLarge",
        "UnsupportedMediaType",
        "InternalError",
        "Expired",
        "ServiceUnavailable",
    }
)
"""The reasons of Kubernetes (metav1.StatusReason), so that no proxy invents words for metrics."""
_NOT_FOUND: Final = 404
_CONFLICT: Final = 409
_GONE: Final = 410
_INVALID: Final = 422
_MAXIMUM_MESSAGE: Final = 1024


class ClusterError(Exception):
    """The API server did not do what was asked; the text is one line."""

    @property
    def word(self) -> str:
        """One word of a few for programs."""
        return type(self).__name__


class Unconfigured(ClusterError):  # noqa: N818 - says what happened
    """There is neither a kubeconfig nor a service account to reach an API server with."""


class Unavailable(ClusterError):  # noqa: N818 - says what happened
    """The API server cannot be reached, or is overloaded: the same request may succeed later.

    Attributes:
        after: seconds that it asked to be left alone for; 0 where it did not say.
    """

    def __init__(self, message: str, after: float = 0.0) -> None:
        super().__init__(message)
        self.after = after


class Refused(ClusterError):  # noqa: N818 - says what happened
    """The API server answered with a metav1.Status of failure.

    Attributes:
        status: the HTTP status.
        reason: the machine-readable reason, such as NotFound or Invalid; may be empty.
    """

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason

    @classmethod
    def of(cls, status: int, body: bytes) -> Self:
        """The error of a response; bodies that are no metav1.Status are quoted in part."""
        try:
            told = json.loads(body)
            reason, message = str(told.get("reason", "")), str(told.get("message", ""))
        except (ValueError, AttributeError, RecursionError):
            reason, message = "", body[:200].decode("utf-8", "replace")
        line = " ".join((message or f"HTTP {status} {reason}").split())
        return cls(status, reason, line[:_MAXIMUM_MESSAGE])

    @override
    @property
    def word(self) -> str:
        return self.reason if self.reason in REASONS else "Refused"

    @property
    def absent(self) -> bool:
        """Whether the object, its kind or its namespace is not there (404)."""
        return self.status == _NOT_FOUND

    @property
    def conflict(self) -> bool:
        """Whether somebody else wrote first (409)."""
        return self.status == _CONFLICT

    @property
    def expired(self) -> bool:
        """Whether a page or a watch can no longer be continued and has to begin anew (410)."""
        return self.status == _GONE

    @property
    def invalid(self) -> bool:
        """Whether the object as it would be breaks a rule of its kind (422)."""
        return self.status == _INVALID


class Foreign(ClusterError):  # noqa: N818 - says what happened
    """An object of a child's name exists and belongs to somebody else: it is left alone."""

    def __init__(self, kind: str, name: str, owner: str = "") -> None:
        whose = f"belongs to {owner}" if owner else "was not made by authly-operator"
        super().__init__(f"{kind} {name} exists and {whose}: rename or delete it")
