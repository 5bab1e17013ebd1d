"""The reasons in conditions, from the operator's own enumeration, into a table for people.

Read as text: the reference is made without the operator's dependencies.
"""

import ast
from collections.abc import Iterator
from itertools import pairwise
from typing import Final


CLASS: Final = "Reason"
HEAD: Final = """\
## Reasons

The `reason` of a condition is one word for programs and alerts; these are all of them. The
`message` beside it names the object and says what to do.

| reason | meaning |
|---|---|
"""


def render(source: str) -> str:
    """The section, from the text of the module that has the enumeration."""
    rows = [f"| `{name}` | {meaning} |" for name, meaning in sorted(entries(source))]
    return HEAD + "\n".join(rows) + "\n"


def entries(source: str) -> Iterator[tuple[str, str]]:
    """Each reason and the documentation under it.

    Raises:
        StopIteration: the module has no such enumeration.
    """
    classes = (node for node in ast.parse(source).body if isinstance(node, ast.ClassDef))
    enumeration = next(node for node in classes if node.name == CLASS)
    for member, below in pairwise(enumeration.body):
        name, text = _text(member, ast.Assign), _text(below, ast.Expr)
        if name is not None and text is not None:
            yield name, " ".join(text.split())


def _text(node: ast.stmt, kind: type[ast.Assign | ast.Expr]) -> str | None:
    """The text of `NAME = "text"` or of a bare "text"."""
    constant = node.value if isinstance(node, kind) else None
    is_text = isinstance(constant, ast.Constant) and isinstance(constant.value, str)
    return str(constant.value) if is_text and isinstance(constant, ast.Constant) else None
