"""Where a URL leads, read once and by rules of our own, so that no two parsers can disagree."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

from authly_server.outbound.refusal import Refused
from authly_server.protocol import characters


MOST_CHARACTERS: Final = 2048
HTTPS_PORT: Final = 443
_HOST = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.-")
_IPV6 = frozenset("0123456789abcdef:.")


@dataclass(frozen=True, slots=True)
class Target:
    """An https URL in parts; `host` is a name or an address, without brackets."""

    host: str
    port: int
    path: str
    query: str


def parse(url: str, ports: Collection[int]) -> Target:
    """Read an https URL to one of those ports.

    Raises:
        Refused: it is anything else, or holds user information or a fragment.
    """
    parts = _split(url)
    if parts.scheme != "https":
        raise Refused("the URL is not https")
    if "@" in parts.netloc or "#" in url:
        raise Refused("the URL has user information or a fragment")
    host = (parts.hostname or "").lower()
    if not host or not (_IPV6 if "[" in parts.netloc else _HOST).issuperset(host):
        raise Refused("the URL has no host, or one that is written strangely")
    port = HTTPS_PORT if parts.port is None else parts.port
    if port not in ports:
        raise Refused(f"port {port} may not be asked")
    return Target(host, port, parts.path or "/", parts.query)


def _split(url: str) -> SplitResult:
    if len(url) > MOST_CHARACTERS or not characters.consists_of(url, characters.URI):
        raise Refused("the URL is too long, or has a character that is not allowed in it")
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  # raises for a port that is not a number below 65536
    except ValueError as error:
        raise Refused("the URL cannot be read") from error
    return parts
