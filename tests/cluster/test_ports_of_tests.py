"""Servers of tests, side by side in several processes, do not take ports from one another."""

import socket
from pathlib import Path

from throwaway import ports


EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")


def test_ports_are_below_those_of_outgoing_connections() -> None:
    first = int(EPHEMERAL.read_text().split()[0])
    named = {ports.free_port() for _ in range(20)}
    assert len(named) == 20
    assert max(named) < first


def test_a_port_that_is_listened_on_is_not_named() -> None:
    with socket.create_server(("127.0.0.1", ports.free_port())) as taken:
        assert not ports.is_free(taken.getsockname()[1])
