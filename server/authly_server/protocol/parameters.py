"""Parameters of a request as they arrive: form bodies and query strings, read pair by pair.

`urllib.parse.parse_qsl` drops empty values and keeps duplicates; RFC 6749 section 3.1 asks for the
opposite: an empty parameter is an absent one, and a repeated one is an error.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from authly_server.protocol import errors


MOST_BYTES = 64 * 1024
MOST_PAIRS = 100
MOST_NAME_CHARACTERS = 128
MOST_VALUE_CHARACTERS = 16 * 1024
# RFC 8707 section 2: "Multiple resource parameters MAY be used". So may audience (RFC 8693, 2.1).
REPEATABLE = frozenset({"audience", "resource"})

_NONE: frozenset[str] = frozenset()
_HEX = frozenset(b"0123456789abcdefABCDEF")


@dataclass(frozen=True, slots=True)
class Parameters:
    """Each name with its values in order, none of them empty.

    `repeated` are the names that came more than once and may not.
    """

    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    repeated: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        several = [name for name, values in self.values.items() if len(values) > 1]
        repeated = frozenset(several) - REPEATABLE if several else _NONE
        object.__setattr__(self, "repeated", repeated)

    def get(self, name: str) -> str | None:
        """The value of `name`, the first of several; None if absent or empty."""
        return self.values[name][0] if name in self.values else None

    def get_all(self, name: str) -> tuple[str, ...]:
        """All values of `name`, for a parameter that may repeat."""
        return self.values.get(name, ())

    def check_not_repeated(self) -> None:
        """RFC 6749 sections 3.1 and 3.2: parameters MUST NOT be included more than once.

        Raises:
            OAuthError: invalid_request.
        """
        if self.repeated:
            names = ", ".join(sorted(self.repeated))
            raise errors.invalid_request(f"parameters sent more than once: {names}")


def parse_form(body: bytes, *, repeats: bool = False) -> Parameters:
    """Read an application/x-www-form-urlencoded body of UTF-8 (RFC 6749 appendix B).

    With `repeats` duplicates are kept for the caller, who must look at `repeated`: the
    authorization endpoint decides by them whether it may redirect.

    Raises:
        OAuthError: invalid_request for too much, duplicates, malformed escapes, invalid UTF-8, NUL.
    """
    if len(body) > MOST_BYTES:
        raise errors.invalid_request(f"the request has more than {MOST_BYTES} bytes")
    if body.count(b"&") >= MOST_PAIRS:
        raise errors.invalid_request(f"the request has more than {MOST_PAIRS} parameters")
    gathered: dict[str, tuple[str, ...]] = {}
    for name, value in _pairs(body):
        _check_lengths(name, value)
        gathered[name] = (*gathered[name], value) if name in gathered else (value,)
    parameters = Parameters(gathered)
    if not repeats:
        parameters.check_not_repeated()
    return parameters


def parse_query(raw: str, *, repeats: bool = False) -> Parameters:
    """Read the part of a URL after the question mark, not decoded yet; see `parse_form`.

    Raises:
        OAuthError: invalid_request.
    """
    try:
        # Servers hand on bytes above 127 of a request line as lone surrogates.
        body = raw.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise errors.invalid_request("the query is not valid UTF-8") from error
    return parse_form(body, repeats=repeats)


def decode(component: bytes) -> str:
    """One form-urlencoded name or value as text (RFC 6749 appendix B).

    Raises:
        OAuthError: invalid_request for malformed escapes, invalid UTF-8 or NUL.
    """
    spaced = component.replace(b"+", b" ") if b"+" in component else component
    try:
        text = (_unescape(spaced) if b"%" in spaced else spaced).decode("utf-8")
    except UnicodeDecodeError as error:
        raise errors.invalid_request("a parameter is not valid UTF-8") from error
    # PostgreSQL's text holds no NUL, and no parameter of any standard does.
    if "\0" in text:
        raise errors.invalid_request("a parameter contains a NUL character")
    return text


def _unescape(component: bytes) -> bytes:
    for part in component.split(b"%")[1:]:
        if len(part) < 2 or not _HEX.issuperset(part[:2]):  # noqa: PLR2004  # two digits an escape
            raise errors.invalid_request("a parameter has a malformed percent escape")
    return unquote_to_bytes(component)


def _pairs(body: bytes) -> list[tuple[str, str]]:
    """Names and values as text, but for pairs without a value."""
    if not body.isascii():
        parts = [pair.partition(b"=") for pair in body.split(b"&")]
        return [(decode(name), decode(value)) for name, _, value in parts if value]
    # As programs write them: text in one piece, of which little is escaped, or nothing.
    plain = [pair.partition("=") for pair in body.decode("ascii").split("&")]
    if b"%" in body or b"+" in body or b"\0" in body:
        return [(_read(name), _read(value)) for name, _, value in plain if value]
    return [(name, value) for name, _, value in plain if value]


def _read(component: str) -> str:
    is_plain = not ("%" in component or "+" in component or "\0" in component)
    return component if is_plain else decode(component.encode("ascii"))


def _check_lengths(name: str, value: str) -> None:
    if len(name) > MOST_NAME_CHARACTERS:
        raise errors.invalid_request("the name of a parameter is too long")
    if len(value) > MOST_VALUE_CHARACTERS:
        raise errors.invalid_request("the value of a parameter is too long")
