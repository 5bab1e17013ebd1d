"""Ports for servers of tests, which run in many processes beside one another."""

import itertools
import secrets
import socket
from typing import Final


FIRST, COUNT = 11_000, 8_000
"""Below the ephemeral range, so that no outgoing connection takes one before its server does."""
_STEPS: Final = itertools.count(secrets.randbelow(COUNT))
"""From a place of the process's own: two would choose the same one at the same moment."""


def free_port() -> int:
    """A TCP port of this host that nobody listens on now, and this process has not named lately."""
    return next(port for step in _STEPS if is_free(port := FIRST + step % COUNT))


def is_free(port: int) -> bool:
    """Whether one can listen on the port at every address."""
    with socket.socket() as probe:
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True
