"""Bytes to a server and back, for what no HTTP client would send."""

import contextlib
import http.client
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from throwaway.instance import Instance


@dataclass(frozen=True)
class Answer:
    """The first answer on the connection; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


def send(instance: Instance, request: bytes, *, hang_up: bool = False) -> Answer | None:
    """What is answered; None where the connection is closed instead.

    `hang_up` says that nothing more will come, which a server may take for the end of it all.
    """
    address = urlsplit(instance.server.base_url)
    with socket.create_connection((str(address.hostname), int(address.port or 0)), 20) as line:
        # It may have been refused, and hung up on, before all of it was sent.
        with contextlib.suppress(ConnectionError):
            line.sendall(request)
            if hang_up:
                line.shutdown(socket.SHUT_WR)
        return _read(line)


def _read(line: socket.socket) -> Answer | None:
    response = http.client.HTTPResponse(line)
    try:
        response.begin()
        body = response.read()
    except (http.client.RemoteDisconnected, ConnectionError):
        return None
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, headers, body)
