"""JSON of strangers: one meaning a document, or none (RFC 8725 section 3.10)."""

import json
from collections.abc import Sequence
from typing import Any

from authly_server.tokens.refusal import TokenRefused


def read_object(document: bytes) -> dict[str, object]:
    """Return an object; raises TokenRefused for repeated names, NaN, depth and all else."""
    try:
        value: object = json.loads(
            document.decode(), parse_constant=_refuse_constant, object_pairs_hook=_unique
        )
    except (ValueError, RecursionError):
        message = "not a JSON object"
        raise TokenRefused(message) from None
    if not isinstance(value, dict):
        message = "not a JSON object"
        raise TokenRefused(message)
    return value


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    names = dict(pairs)
    if len(names) != len(pairs):
        message = "a name is repeated"
        raise ValueError(message)
    return names


def _refuse_constant(name: str) -> object:
    message = f"{name} is not JSON"
    raise ValueError(message)
