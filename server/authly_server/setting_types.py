"""The kinds of values that settings have, as they are written in the environment."""

import ipaddress
import re
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field


MINIMUM_SECRET: Final = 32
# A comma stands between them.
_SCOPE_TOKEN: Final = re.compile(r"[\x21\x23-\x2B\x2D-\x5B\x5D-\x7E]{1,128}")


def _split(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _split_names(value: object) -> object:
    return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value


def _check_scopes(value: tuple[str, ...]) -> tuple[str, ...]:
    if not all(map(_SCOPE_TOKEN.fullmatch, value)):
        message = "must be names of scopes (RFC 6749 section 3.3) of at most 128 characters"
        raise ValueError(message)
    return value


def _networks(value: object) -> object:
    try:
        return tuple(map(ipaddress.ip_network, value)) if isinstance(value, tuple) else value
    except ValueError as error:
        message = "must be networks like 10.0.0.0/8 or fd00::/8"
        raise ValueError(message) from error


def _check_issuer(value: str) -> str:
    """RFC 8414 section 2: an https URL without query or fragment."""
    is_plain = value.isprintable() and value.isascii() and not set(value) & set(" ?#@\\")
    if not is_plain or not value.startswith("https://") or not _has_host(value):
        message = "must be an https URL without query and fragment (RFC 8414 section 2)"
        raise ValueError(message)
    return value


def _check_origins(value: tuple[str, ...]) -> tuple[str, ...]:
    """RFC 6454 section 6.2: scheme, host and port, as browsers send them."""
    for origin in value:
        if origin != "*" and not _is_origin(origin):
            message = "must be origins like https://app.example.com, or *"
            raise ValueError(message)
    return value


def check_email(value: str) -> str:
    """An address in the rough, or ValueError: people type it, and mail to it proves it."""
    text = value.strip()
    local, _, domain = text.rpartition("@")
    if not local or not domain or not text.isprintable() or set(text) & set(" ,"):
        message = "must be an e-mail address"
        raise ValueError(message)
    return value


def _is_origin(text: str) -> bool:
    return (
        text.isascii()
        and text == text.lower()
        and text.startswith(("https://", "http://"))
        and not set(text.partition("://")[2]) & set(" /?#@*\\")
        and _has_host(text)
    )


def _has_host(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _fold(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Names = Annotated[tuple[str, ...], BeforeValidator(_split)]
Networks = Annotated[tuple[Network, ...], BeforeValidator(_networks), BeforeValidator(_split)]
ScopeNames = Annotated[
    tuple[str, ...], BeforeValidator(_split_names), AfterValidator(_check_scopes)
]
Secret = Annotated[str, Field(min_length=MINIMUM_SECRET, max_length=4096)]
Port = Annotated[int, Field(ge=1, le=65_535)]
Ports = Annotated[tuple[Port, ...], BeforeValidator(_split)]
Issuer = Annotated[str, AfterValidator(_check_issuer)]
Origins = Annotated[Names, AfterValidator(_check_origins)]
Email = Annotated[str, AfterValidator(check_email)]
LogLevel = Annotated[
    Literal["debug", "info", "warning", "error", "critical"], BeforeValidator(_fold)
]
LogFormat = Annotated[Literal["json", "console"], BeforeValidator(_fold)]
