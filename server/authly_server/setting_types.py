"""The kinds of values that settings have, as they are written in the environment."""

import ipaddress
from typing import Annotated, Final

from pydantic import BeforeValidator, Field


MINIMUM_SECRET: Final = 32


def _split(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _networks(value: object) -> object:
    try:
        return tuple(map(ipaddress.ip_network, value)) if isinstance(value, tuple) else value
    except ValueError as error:
        message = "must be networks like 10.0.0.0/8 or fd00::/8"
        raise ValueError(message) from error


Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Names = Annotated[tuple[str, ...], BeforeValidator(_split)]
Networks = Annotated[tuple[Network, ...], BeforeValidator(_networks), BeforeValidator(_split)]
Secret = Annotated[str, Field(min_length=MINIMUM_SECRET, max_length=4096)]
Port = Annotated[int, Field(ge=1, le=65_535)]
Ports = Annotated[tuple[Port, ...], BeforeValidator(_split)]
