"""JWTs that we sign, of every type, and the one way to read one back."""

import base64
import binascii
import functools
from collections.abc import Mapping
from datetime import UTC, datetime

import orjson

from authly_server.tokens import strict_json
from authly_server.tokens.keyring import KeyRing
from authly_server.tokens.refusal import TokenRefused
from authly_server.tokens.signing_key import SigningKey


MAX_LENGTH = 16 * 1024
_HEADER_NAMES = frozenset({"alg", "typ", "kid"})
_LAST_SECOND = 253_402_300_799
_PARTS = 3
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def sign(key: SigningKey, typ: str, claims: Mapping[str, object]) -> str:
    """Return the claims under the key's signature; `typ` keeps kinds apart (RFC 8725, 3.11)."""
    return sign_document(key, typ, orjson.dumps(claims))


def sign_document(key: SigningKey, typ: str, claims: bytes) -> str:
    """As `sign`, of claims that are JSON already."""
    message = _header(key.alg, typ, key.kid) + b"." + _encode(claims)
    return (message + b"." + _encode(key.sign(message))).decode("ascii")


def verify(ring: KeyRing, text: str, typ: str) -> dict[str, object]:
    """Return the claims of a JWT of that type that a key of the ring signed; raises TokenRefused.

    The key decides the algorithm, never the token (RFC 8725 section 3.1), and no header but the
    three that we write is understood.
    """
    header, claims, signed = _split(text)
    key = _key(ring, header, typ)
    content = text.rpartition(".")[0].encode("ascii")
    if not key.has_signed(content, _decode(signed)):
        message = "the signature is wrong"
        raise TokenRefused(message)
    return strict_json.read_object(_decode(claims))


def read_text(value: object) -> str:
    """Return a claim that is text which a database can hold; raises ValueError."""
    if not isinstance(value, str) or "\0" in value:
        message = "not text"
        raise ValueError(message)
    value.encode()
    return value


def read_texts(value: object) -> tuple[str, ...]:
    """Return a claim that is a text or an array of texts, as `aud` is; raises ValueError."""
    return tuple(map(read_text, value if isinstance(value, list) else [value]))


def read_time(value: object) -> datetime:
    """Return a claim that is a whole number of seconds since 1970; raises ValueError."""
    if type(value) is not int or value not in range(_LAST_SECOND + 1):
        message = "not a time"
        raise ValueError(message)
    return datetime.fromtimestamp(value, UTC)


def _split(text: str) -> list[str]:
    parts = text.split(".") if len(text) <= MAX_LENGTH and text.isascii() else []
    if len(parts) != _PARTS:
        message = "not a JWT"
        raise TokenRefused(message)
    return parts


def _key(ring: KeyRing, encoded: str, typ: str) -> SigningKey:
    header = _read_header(encoded)
    kid = header.get("kid")
    key = ring.keys.get(kid) if isinstance(kid, str) else None
    if key is None or not header.keys() <= _HEADER_NAMES:
        message = "not signed by a key of ours"
        raise TokenRefused(message)
    if header.get("alg") != key.alg or header.get("typ") != typ:
        message = "not of this type and this key's algorithm"
        raise TokenRefused(message)
    return key


@functools.lru_cache(maxsize=64)
def _read_header(encoded: str) -> Mapping[str, object]:
    """What a header says: all tokens of a key and type have the same."""
    return strict_json.read_object(_decode(encoded))


@functools.lru_cache(maxsize=64)
def _header(alg: str, typ: str, kid: str) -> bytes:
    return _encode(orjson.dumps({"alg": alg, "typ": typ, "kid": kid}))


def _encode(content: bytes) -> bytes:
    # As base64.urlsafe_b64encode does it, which takes three calls more.
    return binascii.b2a_base64(content, newline=False).translate(_URL_SAFE).rstrip(b"=")


def _decode(part: str) -> bytes:
    """Base64url without padding, in its one canonical form: a token has one text."""
    try:
        content = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        content = b""
    if not content or _encode(content).decode("ascii") != part:
        message = "not a JWT"
        raise TokenRefused(message)
    return content
