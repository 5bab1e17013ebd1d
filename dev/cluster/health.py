"""Asking components whether they are ready: HTTPS from the host, plain HTTP from inside the node's namespace."""

import http.client
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable

from cluster import layout, processes, programs, refusal


TIMEOUT_SECONDS = (
    180.0  # a busy machine is slow, not broken; a component that died is noticed at once
)


def get(place: layout.Layout, port: int, path: str) -> int:
    """The status of a GET to the API server as administrator; 0 when nothing answers."""
    trust = ssl.create_default_context(cafile=str(place.authority))
    trust.load_cert_chain(place.certificates / "admin.crt", place.certificates / "admin.key")
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=5, context=trust)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def wait(place: layout.Layout, components: list[str], what: str, ready: Callable[[], bool]) -> None:
    """Wait until `ready()`.

    Raises:
        refusal.Refusal: one of the named components died, or it took too long.
    """
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not ready():
        for name in components:
            if processes.find(place.processes, name) is None:
                raise refusal.Refusal(_obituary(place, name))
        if time.monotonic() > deadline:
            message = (
                f"{what} is not ready after {TIMEOUT_SECONDS:.0f} s; see the logs in {place.logs}"
            )
            raise refusal.Refusal(message)
        time.sleep(0.1)


def _obituary(place: layout.Layout, name: str) -> str:
    log = place.logs / f"{name}.log"
    said = (
        programs.last_line(log.read_text(errors="replace")) if log.exists() else "it said nothing"
    )
    return f"{name} died: {said[:300]} (all of it: {log})"
