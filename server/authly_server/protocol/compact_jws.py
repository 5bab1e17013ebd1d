"""A signed JWT of a stranger in compact form (RFC 7515 section 7.1), taken apart and not believed.

Whoever signed it is for the caller to find out: `header` and `claims` are what it says of itself.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field

from authly_server.protocol import json_object


MOST_CHARACTERS = 16 * 1024
_PARTS = 3
# No header that says where the key is or how else to read the rest (RFC 8725 section 3.10):
# jku, jwk, x5u, x5c, crit, b64, zip and all the unknown ones are refused.
_HEADER_NAMES = frozenset({"alg", "typ", "kid", "cty", "x5t", "x5t#S256"})
# The latest moment that a date has, 9999-12-31T23:59:59Z.
_LAST_SECOND = 253_402_300_799


class MalformedJws(Exception):  # noqa: N818  # a verdict on what somebody sent
    """The text is no JWT that anyone should look at; the reason is for the log."""


@dataclass(frozen=True, slots=True)
class CompactJws:
    """The three parts; `alg` is text, whatever it says, and `kid` None where there is none."""

    alg: str
    kid: str | None
    typ: str | None
    header: Mapping[str, object] = field(repr=False)
    claims: Mapping[str, object] = field(repr=False)
    signing_input: bytes = field(repr=False)
    signature: bytes = field(repr=False)


def read(text: str, *, allowed: frozenset[str] = frozenset()) -> CompactJws:
    """Take a JWT apart; `allowed` are names of the header beyond those of every JWT.

    Raises:
        MalformedJws: its size, encoding, JSON or header is not what a JWT may have.
    """
    if len(text) > MOST_CHARACTERS or not text.isascii():
        raise MalformedJws("it is too long or not ASCII")
    parts = text.split(".")
    if len(parts) != _PARTS or not all(parts):
        raise MalformedJws("it has not three parts")
    header, claims = _object(parts[0]), _object(parts[1])
    if unknown := sorted(header.keys() - _HEADER_NAMES - allowed):
        raise MalformedJws(f"its header has {unknown[0][:32]!r}")
    alg = _text(header.get("alg"))
    if alg is None:
        raise MalformedJws("its header has no alg")
    return CompactJws(
        alg=alg,
        kid=_text(header.get("kid")),
        typ=_text(header.get("typ")),
        header=header,
        claims=claims,
        signing_input=text.rpartition(".")[0].encode("ascii"),
        signature=_decode(parts[2]),
    )


def text_of(claims: Mapping[str, object], name: str) -> str:
    """A claim that must be text.

    Raises:
        MalformedJws: it is missing, empty, or anything else.
    """
    value = _text(claims.get(name))
    if not value:
        raise MalformedJws(f"its {name} is missing or no text")
    return value


def seconds_of(claims: Mapping[str, object], name: str) -> float | None:
    """A NumericDate (RFC 7519 section 2), None if there is none; never a boolean or infinite.

    Raises:
        MalformedJws: it is anything else.
    """
    value = claims.get(name)
    if value is None:
        return None
    if type(value) not in {int, float} or not 0 <= value <= _LAST_SECOND:  # type: ignore[operator]  # a number by the first half
        raise MalformedJws(f"its {name} is no time")
    return float(value)  # type: ignore[arg-type]  # likewise


def audiences_of(claims: Mapping[str, object]) -> tuple[str, ...]:
    """Everyone whom aud names (RFC 7519 section 4.1.3), at least one.

    Raises:
        MalformedJws: it names nobody, or is neither text nor a list of texts.
    """
    value = claims.get("aud")
    values = value if isinstance(value, list) else [value]
    texts = tuple(map(_text, values))
    if not texts or not all(texts):
        raise MalformedJws("its aud is missing or malformed")
    return tuple(text for text in texts if text is not None)


def _object(part: str) -> dict[str, object]:
    try:
        return json_object.parse(_decode(part).decode())
    except ValueError:
        raise MalformedJws("a part of it is not a JSON object") from None


def _text(value: object) -> str | None:
    """Text that can be written as UTF-8, which a lone surrogate cannot."""
    if not isinstance(value, str):
        return None
    try:
        value.encode()
    except UnicodeEncodeError:
        raise MalformedJws("it holds a lone surrogate") from None
    return value


def _decode(part: str) -> bytes:
    """Base64url without padding, in its one canonical form (RFC 7515 section 2)."""
    try:
        content = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise MalformedJws("a part of it is not base64url") from None
    if base64.urlsafe_b64encode(content).rstrip(b"=").decode() != part:
        raise MalformedJws("a part of it is not canonical base64url")
    return content
