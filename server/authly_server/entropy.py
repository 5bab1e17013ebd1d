"""The one place that draws random bytes."""

import base64
import os
from typing import Final


TOKEN_BYTES: Final = 32


def draw(count: int) -> bytes:
    """Answer that many bytes from the operating system's generator."""
    return os.urandom(count)


def draw_token(prefix: str) -> str:
    """Answer the prefix and 256 random bits as base64url without padding."""
    encoded = base64.urlsafe_b64encode(draw(TOKEN_BYTES)).rstrip(b"=")
    return prefix + encoded.decode("ascii")
