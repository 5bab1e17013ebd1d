"""The JSON parts of a token, read strictly."""

from authly_server.protocol import json_object
from authly_server.tokens.refusal import TokenRefused


def read_object(document: bytes) -> dict[str, object]:
    """Return an object; raises TokenRefused for repeated names, NaN, depth and all else."""
    try:
        return json_object.parse(document.decode())
    except ValueError:
        message = "not a JSON object"
        raise TokenRefused(message) from None
