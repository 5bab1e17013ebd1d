"""Names to addresses, of which only checked ones come out: what is connected to was looked at.

A second look-up could answer something else (DNS rebinding), so there is none: the connector uses
exactly what is answered here.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Collection, Sequence

from aiohttp.abc import AbstractResolver, ResolveResult
from typing_extensions import override

from authly_server.outbound import addresses
from authly_server.outbound.addresses import Network
from authly_server.outbound.refusal import Refused


# Answers the addresses of a name; raises OSError for a name that has none.
Lookup = Callable[[str], Awaitable[Sequence[str]]]


async def ask_the_system(host: str) -> Sequence[str]:
    """The addresses that the system's resolver knows."""
    found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


class CheckedResolver(AbstractResolver):
    """Refuses a name as soon as one of its addresses may not be connected to."""

    def __init__(self, allowed: Collection[Network], lookup: Lookup = ask_the_system) -> None:
        self._allowed = allowed
        self._lookup = lookup

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """What the connector may connect to.

        Raises:
            Refused: an address may not be connected to.
            OSError: the name has no address.
        """
        found = await self._lookup(host)
        if not found:
            raise Refused("the host has no address")
        for address in found:
            addresses.check(address, self._allowed)
        return [_result(host, port, address) for address in found]

    @override
    async def close(self) -> None:
        """Nothing is kept."""


def _result(host: str, port: int, address: str) -> ResolveResult:
    return ResolveResult(
        hostname=host,
        host=address,
        port=port,
        family=socket.AF_INET6 if ":" in address else socket.AF_INET,
        proto=socket.IPPROTO_TCP,
        flags=socket.AI_NUMERICHOST,
    )
