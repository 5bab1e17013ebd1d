"""Where a redirect URI leads, by the rule of spec.allowedClients.redirectHosts."""

import re
from collections.abc import Iterable
from typing import Final


_WEB: Final = re.compile(
    r"https?://(?P<host>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]+)?([/?].*)?", re.IGNORECASE
)
_PRIVATE: Final = re.compile(r"(?P<scheme>[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+:)/.*")
_BELOW: Final = "*."


def of(uri: str) -> str | None:
    """The host in lower case without its port, or the private-use scheme with its colon.

    None where the URI is not read as browsers would: then nobody can tell where it leads.
    """
    web = _WEB.fullmatch(uri)
    if web is not None:
        return web["host"].lower()
    private = _PRIVATE.fullmatch(uri)
    return private["scheme"] if private is not None else None


def is_allowed(uri: str, allowed: Iterable[str]) -> bool:
    """Whether the URI leads to one of the hosts; `*.example.com` is every host below that one."""
    host = of(uri)
    return host is not None and any(_is(host, one) for one in allowed)


def _is(host: str, allowed: str) -> bool:
    if not allowed.startswith(_BELOW):
        return host == allowed
    return host.endswith(allowed[1:]) and len(host) > len(allowed) - 1
