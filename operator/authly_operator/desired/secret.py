"""A Secret as the API server writes it: `data` in base64, since stringData is never read back."""

import base64
from collections.abc import Mapping
from typing import Any

from authly_operator.observed import Manifest


def build(metadata: Mapping[str, Any], values: Mapping[str, str]) -> Manifest:
    """A Secret of type Opaque."""
    data = {key: base64.b64encode(value.encode()).decode("ascii") for key, value in values.items()}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": dict(metadata),
        "type": "Opaque",
        "data": data,
    }
