"""Waiting until components are ready, for no longer than they live."""

import http.client
import ssl
import sys
import time
from collections.abc import Callable, Iterable

from cluster import layout, namespace, processes, programs, refusal


TIMEOUT_SECONDS = (
    180.0  # a busy machine is slow, not broken; a component that died is noticed at once
)


def answers(place: layout.Layout, port: int, path: str) -> bool:
    """Whether the API server answers a GET of the administrator's with 200."""
    trust = ssl.create_default_context(cafile=str(place.authority))
    trust.load_cert_chain(place.certificates / "admin.crt", place.certificates / "admin.key")
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=5, context=trust)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def answers_inside(place: layout.Layout, url: str) -> bool:
    """Whether something in the node's network answers a plain GET well."""
    probe = "import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=5)"
    command = (*namespace.enter(place), sys.executable, "-c", probe, url)
    return programs.attempt(*command).returncode == 0


def wait(
    place: layout.Layout, components: Iterable[str], what: str, ready: Callable[[], bool]
) -> None:
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
