"""How many clients may register themselves in an hour: from one address, and from all of them.

Each process counts by itself; how many clients there may be in all, the database counts.
"""

import ipaddress
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from authly_server.protocol.errors import TooManyRequests


HOUR: Final = 3600.0
MOST_ADDRESSES: Final = 10_000
# What all addresses together may do, in terms of what one may.
_TOGETHER: Final = 10
# Who has one IPv6 address has this many.
_IPV6_PREFIX: Final = 64
_EVERYBODY: Final = "*"


class RegistrationLimits:
    """`per_address` in an hour, which begins with the first of them."""

    def __init__(self, per_address: int, monotonic: Callable[[], float]) -> None:
        self._per_address = per_address
        self._monotonic = monotonic
        self._counts: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def take(self, address: str | None) -> None:
        """Count one more registration.

        Raises:
            TooManyRequests: in the last hour.
        """
        whose = _network(address)
        if self._count(whose) >= self._per_address or (
            self._count(_EVERYBODY) >= self._per_address * _TOGETHER
        ):
            message = "too many clients were registered in the last hour"
            raise TooManyRequests(message, int(HOUR))
        self._add(whose)
        self._add(_EVERYBODY)

    def _count(self, name: str) -> int:
        began, count = self._counts.get(name, (0.0, 0))
        return count if self._monotonic() < began + HOUR else 0

    def _add(self, name: str) -> None:
        count = self._count(name)
        began = self._counts[name][0] if count else self._monotonic()
        self._counts[name] = (began, count + 1)
        self._counts.move_to_end(name)
        if len(self._counts) > MOST_ADDRESSES:
            self._counts.popitem(last=False)


def _network(address: str | None) -> str:
    if address is None or ":" not in address:
        return address or ""
    return str(ipaddress.ip_network((address, _IPV6_PREFIX), strict=False))
