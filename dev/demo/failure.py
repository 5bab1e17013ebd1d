"""The one error that a person sees."""


class Failure(Exception):  # noqa: N818 - says what happened
    """Something did not come about: one line that says what, and what to do."""
