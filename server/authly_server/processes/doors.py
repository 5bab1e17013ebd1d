"""The sockets of several processes, opened before they part.

Each process has a listening socket of its own on the public port (SO_REUSEPORT), so that the
kernel deals connections out evenly, and one on that of administrators, if there is one. The parent
keeps all of them open: what waits at the door of a process that has died is answered by its
successor.
"""

import contextlib
import errno
import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final


BACKLOG: Final = 512
_LOOPBACK: Final = "127.0.0.1"
_WITHOUT_IPV6: Final = {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL}

Sockets = tuple[socket.socket, ...]


@dataclass(frozen=True)
class Place:
    """What one process gets: its number, and where it listens.

    `lifeline` becomes readable when the parent is gone. `metrics` is where the other processes,
    which are at `siblings`, ask for its figures.
    """

    number: int
    public: Sockets
    admin: Sockets
    management: Sockets
    metrics: socket.socket
    siblings: tuple[tuple[str, int], ...]
    lifeline: int


class Doors:
    """All sockets, in the parent."""

    def __init__(
        self, count: int, port: int, admin_port: int | None, management_port: int | None
    ) -> None:
        """Listen; `admin_port` None is for no administrators, `management_port` for no metrics.

        Raises:
            OSError: a port is taken.
        """
        with contextlib.ExitStack() as on_failure:
            self._public, self._admin = (
                tuple(
                    () if each is None else _listen(on_failure, each, shared=True)
                    for _ in range(count)
                )
                for each in (port, admin_port)
            )
            self._management = (
                () if management_port is None else _listen(on_failure, management_port)
            )
            self._metrics = tuple(
                on_failure.enter_context(socket.create_server((_LOOPBACK, 0))) for _ in range(count)
            )
            self._addresses = tuple((_LOOPBACK, each.getsockname()[1]) for each in self._metrics)
            self._lifeline, self._held = os.pipe()
            on_failure.pop_all()

    def enter(self, number: int) -> Place:
        """In a child: keep what is its own, so that nobody listens after it has closed it."""
        os.close(self._held)
        own = zip(self._public, self._admin, self._metrics, strict=True)
        for other, (public, admin, metrics) in enumerate(own):
            if other != number:
                _close((*public, *admin, metrics))
        return Place(
            number=number,
            public=self._public[number],
            admin=self._admin[number],
            management=self._management,
            metrics=self._metrics[number],
            siblings=tuple(each for index, each in enumerate(self._addresses) if index != number),
            lifeline=self._lifeline,
        )

    def close(self) -> None:
        """In the parent: nobody is let in any more, once the children close theirs."""
        for each in (*self._public, *self._admin, self._management, self._metrics):
            _close(each)


def _listen(on_failure: contextlib.ExitStack, port: int, *, shared: bool = False) -> Sockets:
    """At every address of this machine, in both versions of IP that it knows."""
    opened = [
        socket.create_server(("0.0.0.0", port), backlog=BACKLOG, reuse_port=shared)  # noqa: S104
    ]
    on_failure.push(opened[0])
    try:
        opened.append(
            socket.create_server(
                ("::", port), family=socket.AF_INET6, backlog=BACKLOG, reuse_port=shared
            )
        )
        on_failure.push(opened[-1])
    except OSError as error:
        if error.errno not in _WITHOUT_IPV6:
            raise
    return tuple(opened)


def _close(sockets: Iterable[socket.socket]) -> None:
    for each in sockets:
        each.close()
