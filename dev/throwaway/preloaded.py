"""The server as it is shipped, imported once; every process of it is a fork.

    python -P preloaded.py < orders

An order is a line of JSON: {"arguments": ["serve"], "environ": {...}, "out": path, "err": path}
starts `authly-server serve` and answers its process id, with "suspended": true by SIGSTOP before
its first step; {"poll": pid} answers its exit status, or null while it lives. When no more orders
can come, this process ends, and what it started with it.

Importing takes a second of computing each time, which is most of what a start costs.
"""

import ctypes
import gc
import json
import os
import signal
import sys
import traceback
from typing import Any

# The commands would import them, each what it needs.
from authly_server import __main__ as program, app, backup_commands  # noqa: F401
from authly_server.backup import bucket  # noqa: F401
from authly_server.storage import maintenance, migration, role_lock  # noqa: F401


_SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)
_libc = ctypes.CDLL(None)


def start(order: dict[str, Any]) -> int:
    """The process id of a new server."""
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        os._exit(_live(order, parent))
    return child


def _live(order: dict[str, Any], parent: int) -> int:
    try:
        _libc.prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() != parent:  # it died before that was set
            return 1
        _redirect(order["out"], order["err"])
        os.environ.clear()
        os.environ.update(order["environ"])
        if order["suspended"]:
            os.kill(os.getpid(), signal.SIGSTOP)
        return _run(order["arguments"])
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def _run(arguments: list[str]) -> int:
    """As the interpreter ends: with the code that was asked for, or with a stack trace and 1."""
    try:
        return program.main(arguments)
    except SystemExit as ending:
        return ending.code if isinstance(ending.code, int) else 1
    except BaseException:  # noqa: BLE001  # tests read it in the log
        traceback.print_exc()
        return 1


def _redirect(out: str, err: str) -> None:
    for standard, path in enumerate((os.devnull, out, err)):
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        os.dup2(file, standard)
        os.close(file)


def poll(child: int) -> int | None:
    """The exit status as `subprocess` tells it, once the process has ended."""
    ended, status = os.waitpid(child, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if ended else None


if __name__ == "__main__":
    gc.freeze()  # so that no child copies what it only looks through for garbage
    for line in sys.stdin:
        received = json.loads(line)
        answer = poll(received["poll"]) if "poll" in received else start(received)
        sys.stdout.write(f"{json.dumps(answer)}\n")
        sys.stdout.flush()
