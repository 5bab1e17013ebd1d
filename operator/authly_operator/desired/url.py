"""Parts of URLs whose form the schema has admitted; unlike urlsplit, this never raises."""

import re
from typing import Final


_URL: Final = re.compile(r"(?P<scheme>[^:]*)://(?P<place>[^/?#]*)(?P<path>[^?#]*)", re.DOTALL)
_PORT: Final = re.compile(r".*:([0-9]{1,5})")


def path(url: str) -> str:
    """The path as it stands, empty where there is none."""
    return _part(url, "path")


def host(url: str) -> str:
    """The host as a Host header names it, without a port."""
    place = _place(url)
    return place.rpartition(":")[0] if _PORT.fullmatch(place) else place


def ports(url: str, default: int) -> list[int]:
    """The ports, several where the host is a list (libpq's connection URIs)."""
    return sorted({_port(place, default) for place in _place(url).split(",")})


def _port(place: str, default: int) -> int:
    match = _PORT.fullmatch(place.rpartition("]")[2])
    return int(match[1]) if match else default


def _place(url: str) -> str:
    return _part(url, "place").rpartition("@")[2]


def _part(url: str, name: str) -> str:
    match = _URL.match(url)
    return match[name] if match else ""
