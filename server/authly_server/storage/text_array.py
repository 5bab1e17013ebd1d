"""Arrays of text as PostgreSQL reads them (its documentation, "Array Input and Output Syntax").

psycopg looks at each element for the type of the whole, which for the handful of names in a scope
takes longer than the rest of a statement's parameters. A parameter of this form needs a cast.
"""

from collections.abc import Iterable


def literal(values: Iterable[str | None]) -> str:
    """The text of an array whose elements are in that order; None is NULL."""
    return "{" + ",".join(["NULL" if each is None else _quoted(each) for each in values]) + "}"


def _quoted(text: str) -> str:
    if "\\" in text or '"' in text:
        text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
