"""Where a request comes from: the last address that no proxy of ours has, and never a guess."""

import functools
import ipaddress
from collections.abc import Iterable

from aiohttp import web

from authly_server.setting_types import Network
from authly_server.web import services


_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
# Who has one IPv6 address has this many (RFC 6177).
_IPV6_PREFIX = 64


def of(request: web.Request) -> str | None:
    """The client's address; X-Forwarded-For is believed only as far as TRUSTED_PROXIES wrote it."""
    address = _find(request)
    return None if address is None else str(address)


def network(request: web.Request) -> str:
    """What is counted as one client: an IPv4 address, or the /64 of an IPv6 one."""
    address = _find(request)
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, _IPV6_PREFIX), strict=False))
    return "unknown" if address is None else str(address)


def is_in(request: web.Request, networks: Iterable[Network]) -> bool:
    """Whether the client's address is in one of these networks; not, where it is not known."""
    address = _find(request)
    return address is not None and any(address in each for each in networks)


def is_of_unknown_proxy(request: web.Request) -> bool:
    """Whether it was forwarded inside of a private network by someone who is not trusted."""
    if "X-Forwarded-For" not in request.headers:
        return False
    peer = _parse(request.remote or "")
    trusted = services.of(request).settings.trusted_proxies
    return peer is not None and peer.is_private and not any(peer in each for each in trusted)


def _find(request: web.Request) -> _Address | None:
    trusted = services.of(request).settings.trusted_proxies
    forwarded = request.headers.getall("X-Forwarded-For", []) if trusted else []
    hops = [hop.strip() for value in forwarded for hop in value.split(",")]
    address = _parse(request.remote or "")
    while address is not None and hops and any(address in network for network in trusted):
        named = _parse(hops.pop())
        if named is None:
            break
        address = named
    return address


@functools.lru_cache(maxsize=4096)
def _parse(text: str) -> _Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
