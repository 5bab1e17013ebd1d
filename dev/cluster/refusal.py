"""The one error that a person sees: a single line that says what is wrong and what to do."""


class Refusal(Exception):  # noqa: N818 - it refuses; nothing crashed
    """Something is missing or wrong; the text is shown as it stands and the exit status is 1."""
