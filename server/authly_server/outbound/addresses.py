"""Which addresses may be connected to: those of the public Internet, and what a setting allows."""

import ipaddress
from collections.abc import Collection
from typing import Final

from authly_server.outbound.refusal import Refused


Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# What Python does not count as private: metadata services on public addresses, and networks whose
# addresses are a way around to others.
_FORBIDDEN: Final[tuple[Network, ...]] = tuple(
    map(
        ipaddress.ip_network,
        (
            "168.63.129.16/32",  # Azure's virtual host
            "192.88.99.0/24",  # 6to4 relays, RFC 7526
            "64:ff9b::/96",  # NAT64, RFC 6052
            "64:ff9b:1::/48",  # local-use NAT64, RFC 8215
            "2001::/32",  # Teredo, RFC 4380
            "2002::/16",  # 6to4, RFC 3056
            "::/96",  # IPv4-compatible, RFC 4291
            "fec0::/10",  # site-local, RFC 3879
        ),
    )
)


def check(text: str, allowed: Collection[Network]) -> None:
    """The address may be connected to.

    Raises:
        Refused: it is private, loopback, link-local, multicast, reserved, or no address.
    """
    try:
        address = _unmapped(ipaddress.ip_address(text))
    except ValueError as error:
        raise Refused("the host has no address") from error
    if any(address in network for network in allowed):
        return
    if not address.is_global or address.is_multicast or address.is_reserved:
        raise Refused("the host has an address that is not public")
    if any(address in network for network in _FORBIDDEN):
        raise Refused("the host has an address that leads elsewhere")


def is_address(host: str) -> bool:
    """Whether a host is meant as an address, be it written strangely: then no name is looked up."""
    return ":" in host or host.replace(".", "").isdigit()


def _unmapped(address: Address) -> Address:
    """The IPv4 address inside of a mapped one (RFC 4291 section 2.5.5.2): it is what is reached."""
    if isinstance(address, ipaddress.IPv6Address):
        return address.ipv4_mapped or address
    return address
