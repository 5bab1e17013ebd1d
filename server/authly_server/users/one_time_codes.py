"""One-time passwords by time (RFC 6238), as authenticator applications make them.

Six digits by HMAC-SHA-1, another one every half minute: the only values that every application
knows. SHA-1 is no weakness there (RFC 4226, appendix B.2).
"""

import hmac
from base64 import b32encode
from typing import Final
from urllib.parse import quote, urlencode, urlsplit


KEY_BYTES: Final = 20  # RFC 4226 section 4, R6
STEP_SECONDS: Final = 30
DIGITS: Final = 6
# RFC 6238 section 5.2 admits one step for the network; one in advance is for clocks.
_STEPS_AROUND: Final = (1, 0, -1)
_ASCII_DIGITS: Final = frozenset("0123456789")


def parse(text: str) -> str | None:
    """The six ASCII digits of a code; None for anything else.

    Spaces do not count, for applications show the digits in groups.
    """
    code = text.replace(" ", "")
    return code if len(code) == DIGITS and _ASCII_DIGITS.issuperset(code) else None


def step(now: int) -> int:
    """The time step of a Unix time in seconds (RFC 6238 section 4.2)."""
    return now // STEP_SECONDS


def write(key: bytes, at: int) -> str:
    """The code of a time step (RFC 4226 section 5.3)."""
    mac = hmac.digest(key, at.to_bytes(8), "sha1")
    offset = mac[-1] & 0xF
    number = int.from_bytes(mac[offset : offset + 4]) & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def find_step(key: bytes, code: str, now: int) -> int | None:
    """The time step that a parsed code is of, at most one away; the latest of several."""
    steps = [step(now) + away for away in _STEPS_AROUND]
    # All of them each time, so that no time tells which.
    found = [at for at in steps if at >= 0 and hmac.compare_digest(write(key, at), code)]
    return found[0] if found else None


def display(key: bytes) -> str:
    """The key as people type it: base32 in groups of four."""
    text = _base32(key)
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def uri(key: bytes, username: str, issuer: str) -> str:
    """What applications take up at once: an `otpauth` URI, whose defaults are the values here.

    Named after the issuer's host, since a colon is no part of its name there.
    """
    host = urlsplit(issuer).hostname or "authly"
    label = f"{quote(host, safe='')}:{quote(username, safe='')}"
    return f"otpauth://totp/{label}?" + urlencode({"secret": _base32(key), "issuer": host})


def _base32(key: bytes) -> str:
    return b32encode(key).rstrip(b"=").decode("ascii")
