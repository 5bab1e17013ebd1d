"""What can go wrong between the operator and an authorization server; one line for people each."""


class InstanceError(Exception):
    """The instance did not do what was asked; the text never shows a URL or a password."""


class Unreachable(InstanceError):  # noqa: N818 - says what happened
    """The database does not answer, refuses the operator, or is not migrated yet."""


class SignInRefused(Unreachable):
    """The database answers, and does not let the role of the URL in: other passwords are there."""


class StaleEpoch(InstanceError):  # noqa: N818 - says what happened
    """A later leader has written already (SQLSTATE AU001): this operator leads no more."""


class Unreadable(InstanceError):  # noqa: N818 - says what happened
    """What was sent holds text that no PostgreSQL can store, such as U+0000."""
