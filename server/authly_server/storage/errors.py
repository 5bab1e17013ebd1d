"""What storage can fail with; everything else that it raises is a defect of the program."""


class Unavailable(Exception):  # noqa: N818  # a state of the world, not a mistake
    """The database did not answer in time, refused, or has no schema yet: 503 and Retry-After."""


class Outdated(Unavailable):
    """The database answers, and its schema is older than this program: `migrate` has not run."""


class Vanished(Exception):  # noqa: N818  # likewise
    """The client or the user that a new row refers to was deleted a moment ago."""


class AlreadyIssued(Exception):  # noqa: N818  # likewise
    """There is a grant of that id: the same consent was sent twice."""


class MigrationError(Exception):
    """The schema cannot be brought to this program's revision; the text is one line for people."""
