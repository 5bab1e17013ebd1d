"""Quantities in the one spelling that the API server answers: 1000m is 1, 1024Mi is 1Gi.

The rules are those of apimachinery's resource.Quantity; container resources are rounded up to
thousandths before. What is no quantity stays as it is: the API server refuses it with a message.
"""

import math
import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Final


_DECIMAL: Final = ("n", "u", "m", "", "k", "M", "G", "T", "P", "E")
_SCALE: Final = {suffix: Fraction(1000) ** (at - 3) for at, suffix in enumerate(_DECIMAL)}
_BINARY: Final = {
    suffix: Fraction(1024) ** at
    for at, suffix in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), 1)
}
_PATTERN: Final = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)([KMGTPE]i|[numkMGTPE]?)")


def canonical(quantity: int | str) -> str:
    """The canonical spelling of a quantity that is not negative."""
    match = _PATTERN.fullmatch(str(quantity))
    if match is None:
        return str(quantity)
    number, suffix = Fraction(match[1]), match[2]
    value = Fraction(math.ceil(number * (_SCALE | _BINARY)[suffix] * 1000), 1000)
    # apimachinery writes binary numbers below 1024 as decimal ones.
    binary = suffix in _BINARY and value >= _BINARY["Ki"]
    return _written(Fraction(math.ceil(value)), _BINARY) if binary else _written(value, _SCALE)


def whole(quantity: str) -> int:
    """A quantity that the schema has admitted, as a whole number, rounded up."""
    match = _PATTERN.fullmatch(quantity)
    return math.ceil(Fraction(match[1]) * (_SCALE | _BINARY)[match[2]]) if match else 0


def is_less(one: str, other: str) -> bool:
    """Whether one quantity is less than another; of what is no quantity nothing is."""
    matches = _PATTERN.fullmatch(one), _PATTERN.fullmatch(other)
    if matches[0] is None or matches[1] is None:
        return False
    left, right = (Fraction(match[1]) * (_SCALE | _BINARY)[match[2]] for match in matches if match)
    return left < right


def all_canonical(quantities: Mapping[str, int | str]) -> dict[str, str]:
    """Each of a container's requests or limits in its canonical spelling."""
    return {name: canonical(quantity) for name, quantity in quantities.items()}


def _written(value: Fraction, scale: Mapping[str, Fraction]) -> str:
    """The value with the greatest suffix that leaves a whole number."""
    if value == 0:
        return "0"
    whole = [suffix for suffix, unit in scale.items() if (value / unit).denominator == 1]
    if not whole:
        return str(value)
    return f"{value / scale[whole[-1]]}{whole[-1]}"
