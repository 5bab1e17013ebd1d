"""SQL as PostgreSQL numbers its parameters, made once of the text that names them."""

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import LiteralString


_PLACEHOLDER = re.compile(r"%(?:\((\w+)\)s|%)")


@dataclass(frozen=True, slots=True)
class Statement:
    """`text` with $1, $2 …, and the names of the parameters in that order."""

    text: bytes
    names: tuple[str, ...]

    def values(self, parameters: Mapping[str, object]) -> list[object]:
        """The values in the order of their numbers; KeyError where one is missing."""
        return [parameters[name] for name in self.names]


@functools.cache
def parse(text: LiteralString) -> Statement:
    """Return the statement; a name that comes twice has one number, and `%%` is a percent sign."""
    numbers: dict[str, int] = {}

    def numbered(placeholder: re.Match[str]) -> str:
        name = placeholder[1]
        return "%" if name is None else f"${numbers.setdefault(name, len(numbers) + 1)}"

    return Statement(_PLACEHOLDER.sub(numbered, text).encode(), tuple(numbers))
