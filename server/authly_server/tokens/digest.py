"""What the database holds of a secret that has full entropy."""

import hashlib


def sha256(secret: str) -> bytes:
    """Return the 32-byte SHA-256 digest of the text's UTF-8."""
    return hashlib.sha256(secret.encode()).digest()
