"""Free ports on the host's loopback, the same ones for the same cluster where that is possible."""

import hashlib
import socket


FIRST, COUNT = (
    20000,
    10000,
)  # below the ephemeral range, so that no outgoing connection takes one meanwhile


def find_free(identity: str, how_many: int) -> list[int]:
    """Ports on 127.0.0.1 that nobody listens on, searched from a place of the identity's own."""
    offset = int.from_bytes(hashlib.sha256(identity.encode()).digest()[:4])
    candidates = (FIRST + (offset + step) % COUNT for step in range(COUNT))
    free = (port for port in candidates if is_free(port))
    return [next(free) for _ in range(how_many)]


def is_free(port: int) -> bool:
    """Whether one can listen on the port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
