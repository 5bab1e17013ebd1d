"""Client credentials in an Authorization header of scheme Basic, RFC 6749 section 2.3.1."""

import base64
import binascii
from dataclasses import dataclass, field

from authly_server.protocol import characters, parameters
from authly_server.protocol.errors import ErrorCode, OAuthError


MOST_CHARACTERS = 4096


@dataclass(frozen=True, slots=True)
class BasicCredentials:
    """An identifier and the secrets that may be meant.

    RFC 6749 has both parts form-urlencoded before base64; many clients leave that out. Where the
    two readings of the secret differ, both are candidates, the standard's first.
    """

    client_id: str
    secrets: tuple[str, ...] = field(repr=False)


def parse(authorization: str) -> BasicCredentials:
    """Read the value of an Authorization header.

    Raises:
        OAuthError: invalid_client, for the answer must say that Basic went wrong (section 5.2).
    """
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        raise _invalid("the Authorization header must have the scheme Basic")
    raw_id, separator, raw_secret = _decode_base64(encoded.strip(" ")).partition(b":")
    client_id = _form_decoded(raw_id)
    if not separator or not client_id:
        raise _invalid("Basic credentials must be client_id:client_secret")
    readings = (_form_decoded(raw_secret), _plain(raw_secret))
    secrets = tuple(dict.fromkeys(reading for reading in readings if reading))
    return BasicCredentials(client_id, secrets)


def _decode_base64(encoded: str) -> bytes:
    if len(encoded) > MOST_CHARACTERS:
        raise _invalid("the Authorization header is too long")
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _invalid("Basic credentials are not valid base64") from error


def _form_decoded(component: bytes) -> str | None:
    try:
        return _printable(parameters.decode(component))
    except OAuthError:
        return None


def _plain(component: bytes) -> str | None:
    try:
        return _printable(component.decode("ascii"))
    except UnicodeDecodeError:
        return None


def _printable(text: str) -> str | None:
    """client_id and client_secret are *VSCHAR (RFC 6749 appendices A.1 and A.2)."""
    return text if characters.is_vschar(text) else None


def _invalid(description: str) -> OAuthError:
    return OAuthError(ErrorCode.INVALID_CLIENT, description)
