"""The operator as it is shipped, in processes that end by SIGKILL right before a side effect.

    python mortal.py < orders

An order is a line of JSON: {"environ": {...}, "log": path, "effects": path, "hosts": path,
"doom": path} starts an operator and answers its process id; {"poll": pid} answers its exit
status, or null while it lives. One process imports everything, and each operator is a fork of it.

Every side effect passes one of two doors, which are counted here: a request to the API server that
is no GET, and a statement to a database that is no known question. The operator dies before the
one that the file `doom` names: its number, 0 being the first one since that file was written, and
the signal to die by (SIGSTOP only suspends it); never while there is no such file. A renewal of
the Lease is no step of any story: not counted.
"""

import asyncio
import contextvars
import json
import os
import signal
import socket
import sys
import traceback
from pathlib import Path
from typing import Any

from aiohttp import abc, connector
from typing_extensions import override

from authly_operator import __main__ as program
from authly_operator.cluster import connection, lease
from authly_operator.instance import idle


QUESTIONS = (
    "SELECT 1",
    "SELECT to_regprocedure",
    "SELECT authly_api.list_",
    "SELECT authly_api.observe_",
    "SELECT coalesce(array_agg(",
)
"""How statements begin that change nothing; whatever else there is counts as a side effect."""
DEFECT = 70
_renews = contextvars.ContextVar("renews", default=False)


class Doom:
    """Counts side effects, writes a line for each, and ends the process before one of them."""

    def __init__(self, effects: str, doom: str) -> None:
        self._file = os.open(effects, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._doom = Path(doom)
        self._since = 0
        self._count = 0

    def before(self, effect: str) -> None:
        number, by = self._dies_before()
        if number == self._count:
            os.kill(os.getpid(), signal.Signals[by])
        self._count += 1
        os.write(self._file, f"{effect}\n".encode())

    def _dies_before(self) -> tuple[int, str]:
        try:
            written, (number, by) = self._doom.stat().st_mtime_ns, self._doom.read_text().split()
        except FileNotFoundError:
            return -1, ""
        if written != self._since:
            self._since, self._count = written, 0
        return int(number), by


def count_requests(doom: Doom) -> None:
    send, renew = connection.Connection._send, lease.Lease._renew

    async def counted(self: connection.Connection, request: connection.Request) -> Any:
        if request.method not in connection.READS and not _renews.get():
            doom.before(f"{request.method} {request.path}")
        return await send(self, request)

    async def uncounted(self: lease.Lease) -> bool:
        token = _renews.set(True)
        try:
            return await renew(self)
        finally:
            _renews.reset(token)

    connection.Connection._send = counted  # type: ignore[method-assign]
    lease.Lease._renew = uncounted  # type: ignore[method-assign]


def count_statements(doom: Doom) -> None:
    execute = idle.Connection.execute

    async def counted(self: idle.Connection, query: Any, *rest: Any, **options: Any) -> Any:
        text = query if isinstance(query, str) else str(query)
        if not text.startswith(QUESTIONS):
            doom.before(text)
        return await execute(self, query, *rest, **options)

    vars(idle)["Connection"].execute = counted


class Hosts(abc.AbstractResolver):
    """The cluster's DNS: Services by their names, each at a port of this machine."""

    path = Path()

    def __init__(self, **_: object) -> None:
        pass

    @override
    async def resolve(
        self, host: str, port: int = 0, family: Any = socket.AF_INET
    ) -> list[abc.ResolveResult]:
        del port, family
        known = json.loads(self.path.read_text()) if self.path.exists() else {}
        if host not in known:
            raise OSError(f"no such host: {host}")
        found = abc.ResolveResult(
            hostname=host,
            host="127.0.0.1",
            port=known[host],
            family=socket.AF_INET,
            proto=0,
            flags=0,
        )
        return [found]

    @override
    async def close(self) -> None:
        await asyncio.sleep(0)


def live(order: dict[str, Any]) -> None:
    """Be an operator until the end."""
    os.setsid()
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.environ.clear()
    os.environ.update(order["environ"])
    doom = Doom(order["effects"], order["doom"])
    count_requests(doom)
    count_statements(doom)
    Hosts.path = Path(order["hosts"])
    vars(connector)["DefaultResolver"] = Hosts
    os._exit(program.main([]))


def start(order: dict[str, Any]) -> int:
    child = os.fork()
    if child == 0:
        try:
            live(order)
        except Exception:  # noqa: BLE001 - the log of the operator tells it
            traceback.print_exc()
        os._exit(DEFECT)
    return child


def poll(child: int) -> int | None:
    ended, status = os.waitpid(child, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if ended else None


if __name__ == "__main__":
    for line in sys.stdin:
        order = json.loads(line)
        answer = poll(order["poll"]) if "poll" in order else start(order)
        sys.stdout.write(f"{json.dumps(answer)}\n")
        sys.stdout.flush()
