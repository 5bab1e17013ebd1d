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
            "192.0.0.0/24",  # protocol assignments, RFC 6890
            "192.88.99.0/24",  # 6to4 relays, RFC 7526
            "2001::/32",  # Teredo, RFC 4380
            "2002::/16",  # 6to4, RFC 3056
            "3fff::/20",  # documentation, RFC 9637
        ),
    )
)
# All other IPv6 addresses are no ordinary ones; NAT64 and site-local ones are among them.
_GLOBAL_UNICAST: Final = ipaddress.ip_network("2000::/3")


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
    if not _is_public(address):
        raise Refused("the host has an address that is not public")
    if any(address in network for network in _FORBIDDEN):
        raise Refused("the host has an address that leads elsewhere")


def _is_public(address: Address) -> bool:
    if address.version == 6 and address not in _GLOBAL_UNICAST:  # noqa: PLR2004  # IPv6
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def is_address(host: str) -> bool:
    """Whether a host is meant as an address, be it written strangely: then no name is looked up."""
    return ":" in host or host.replace(".", "").isdigit()


def _unmapped(address: Address) -> Address:
    """The IPv4 address inside of a mapped one (RFC 4291 section 2.5.5.2): it is what is reached."""
    if isinstance(address, ipaddress.IPv6Address):
        return address.ipv4_mapped or address
    return address
