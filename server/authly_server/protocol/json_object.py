"""A JSON object of a stranger: one meaning a document, or none (RFC 8725 section 3.10)."""

import json
from collections.abc import Sequence
from typing import Any

import orjson


def parse(document: str) -> dict[str, object]:
    """Return the object; raises ValueError for repeated names, NaN, depth and all else."""
    try:
        value: object = json.loads(
            document, parse_constant=_refuse_constant, object_pairs_hook=_unique
        )
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        message = "not a JSON object"
        raise ValueError(message)  # noqa: TRY004  # what was read is wrong, not how it was called
    return value


def read(content: bytes) -> dict[str, object]:
    """An object of UTF-8 that the database can hold; raises ValueError with what is wrong."""
    try:
        members = parse(content.decode())
        written = orjson.dumps(members)  # refuses surrogates, depth, and numbers of any length
    except (ValueError, TypeError) as error:
        message = "this is not a JSON object"
        raise ValueError(message) from error
    if b"\\u0000" in written:
        message = "there is a NUL character in it"
        raise ValueError(message)
    return members


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    names = dict(pairs)
    if len(names) != len(pairs):
        message = "a name is repeated"
        raise ValueError(message)
    return names


def _refuse_constant(name: str) -> object:
    message = f"{name} is not JSON"
    raise ValueError(message)
