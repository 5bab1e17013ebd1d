"""What a container reserves and may not exceed."""

from collections.abc import Mapping
from typing import Any

from authly_operator.api import database
from authly_operator.desired import quantity


def build(wanted: database.Resources, defaults: Mapping[str, str]) -> dict[str, Any]:
    """The resources; a default request holds only where there is neither request nor limit.

    The API server takes a limit as the request where there is none, and refuses one below it.
    """
    kept = {name: size for name, size in defaults.items() if name not in wanted.limits}
    requests = quantity.all_canonical({**kept, **wanted.requests})
    limits = quantity.all_canonical(wanted.limits)
    parts = {"requests": requests, "limits": limits}
    return {name: part for name, part in parts.items() if part}
