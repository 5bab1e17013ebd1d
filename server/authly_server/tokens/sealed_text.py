"""A prefix and base64url without padding: the outer shape of our opaque tokens."""

import base64
import binascii

from authly_server.tokens.refusal import TokenRefused


def write(prefix: str, content: bytes) -> str:
    """Return the prefix followed by the content in base64url."""
    return prefix + base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii")


def read(prefix: str, text: str, size: int) -> bytes:
    """Return the content, of exactly `size` bytes; raises TokenRefused.

    Only the one text that `write` gives is read, so that a token has one digest.
    """
    if not text.startswith(prefix) or len(text) != len(prefix) + -(-size * 4 // 3):
        message = "not of this kind or length"
        raise TokenRefused(message)
    content = _decode(text[len(prefix) :])
    if len(content) != size or write(prefix, content) != text:
        message = "not canonical base64url"
        raise TokenRefused(message)
    return content


def _decode(encoded: str) -> bytes:
    try:
        padded = encoded.encode("ascii") + b"=" * (-len(encoded) % 4)
        return base64.b64decode(padded, altchars=b"-_", validate=True)
    except (UnicodeError, binascii.Error):
        message = "not base64url"
        raise TokenRefused(message) from None
