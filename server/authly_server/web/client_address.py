"""Where a request comes from: the last address that no proxy of ours has, and never a guess."""

import ipaddress

from aiohttp import web

from authly_server.web import services


_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def of(request: web.Request) -> str | None:
    """The client's address; X-Forwarded-For is believed only as far as TRUSTED_PROXIES wrote it."""
    trusted = services.of(request).settings.trusted_proxies
    forwarded = request.headers.getall("X-Forwarded-For", []) if trusted else []
    hops = [hop.strip() for value in forwarded for hop in value.split(",")]
    address = _parse(request.remote or "")
    while address is not None and hops and any(address in network for network in trusted):
        named = _parse(hops.pop())
        if named is None:
            break
        address = named
    return None if address is None else str(address)


def _parse(text: str) -> _Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
