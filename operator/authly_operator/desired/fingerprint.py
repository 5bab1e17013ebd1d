"""Short digests that tell whether something changed, and nothing of what it is."""

import hashlib
import json


def of(*parts: object) -> str:
    """16 hexadecimal digits of SHA-256 over the parts as JSON."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
