"""Waits for a database that refuses connections: a pod may be let in to it some seconds late.

Enforcers of network policies that reject packets, as kube-router does, refuse a new pod until they
have heard of it. A Job's pod would fail for that, and the next one, which is new too, again.
"""

import contextlib
import socket
import time
from collections.abc import Callable
from typing import Final

import psycopg
from psycopg import conninfo


SECONDS: Final = 15.0
"""How long a command waits; whoever asks then is told by libpq why it cannot connect."""
_PAUSE: Final = 0.5
_DEFAULT_PORT: Final = "5432"


def wait(url: str, tell: Callable[[str], object], *, seconds: float = SECONDS) -> None:
    """Return when the host of the URL does not refuse connections, or the seconds are over.

    `tell` is called once, with host and port, where a connection was refused. Anything else is not
    waited for: a wrong name or password does not mend itself, and silence has a time limit of its
    own (libpq's connect_timeout).
    """
    place, told = _place(url), False
    deadline = time.monotonic() + seconds
    while place is not None and _refuses(place) and time.monotonic() < deadline:
        if not told:
            tell("{}:{}".format(*place))
        told = True
        time.sleep(_PAUSE)


def _place(url: str) -> tuple[str, int] | None:
    """Where the one database of the URL listens by TCP; None for anything else."""
    try:
        given = conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        return None
    host = str(given.get("hostaddr") or given.get("host") or "")
    port = str(given.get("port") or _DEFAULT_PORT)
    if not host or host.startswith("/") or "," in host or not port.isdecimal():
        return None
    return host, int(port)


def _refuses(place: tuple[str, int]) -> bool:
    try:
        with contextlib.closing(socket.create_connection(place, timeout=_PAUSE)):
            return False
    except ConnectionRefusedError:
        return True
    except OSError:
        return False
