"""The character sets of RFC 6749 appendix A, tested without regular expressions (linear time)."""

import string
import unicodedata


# VSCHAR = %x20-7E: client_id, client_secret, state, code, refresh_token …
VSCHAR = frozenset(map(chr, range(0x20, 0x7F)))
# NQCHAR = %x21 / %x23-5B / %x5D-7E: scope tokens.
NQCHAR = VSCHAR - frozenset(' "\\')
# The `unreserved` characters of RFC 3986 section 2.3: code_verifier (RFC 7636 section 4.1).
UNRESERVED = frozenset(string.ascii_letters + string.digits + "-._~")
BASE64URL = frozenset(string.ascii_letters + string.digits + "-_")
# What a URI is written with, RFC 3986 section 2; `%` begins an escape.
URI = UNRESERVED | frozenset(":/?#[]@!$&'()*+,;=%")
# b64token of RFC 6750 section 2.1, without the padding at its end.
B64TOKEN = frozenset(string.ascii_letters + string.digits + "-._~+/")

# Control, format (bidi among them), surrogate, private-use and unassigned characters, and the
# separators of lines: Unicode's general categories.
_NOT_SHOWN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def consists_of(text: str, allowed: frozenset[str]) -> bool:
    """Whether every character of `text` is an allowed one; of an empty text too."""
    return allowed.issuperset(text)


def is_vschar(text: str) -> bool:
    """As `consists_of` with VSCHAR, for the longer texts: it is what is printable in ASCII."""
    return text.isascii() and text.isprintable()


def displayable(text: str) -> str:
    """Without control and format characters, which can turn the rest of a line around (bidi)."""
    return "".join(c for c in text if unicodedata.category(c) not in _NOT_SHOWN)
