"""Processes that outlive this program: started apart, remembered by PID file, ended by id.

A PID alone proves nothing after a crash or a reboot: another process may have it by then. A PID
file therefore also holds the process' start time and the boot's id. And every process carries the
cluster's state directory in its environment, which its children inherit: the last sweep finds by
it what no PID file tells of (a shim of containerd).
"""

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from cluster import programs


MARK = "AUTHLY_CLUSTER_STATE"
BOOT = Path("/proc/sys/kernel/random/boot_id")
PROXIES = {"http_proxy", "https_proxy", "all_proxy", "no_proxy"}


def environment(root: Path) -> dict[str, str]:
    """The environment of the cluster's processes: marked, and without proxies to loopback."""
    kept = {name: value for name, value in os.environ.items() if name.lower() not in PROXIES}
    return kept | {MARK: str(root), "PATH": programs.search_path()}


def start(directory: Path, name: str, argv: Sequence[str], log: Path, root: Path) -> int:
    """Start a process in a session of its own and remember it; its id is returned."""
    command = [programs.get(argv[0]), *argv[1:]]
    with log.open("a") as output:
        process = subprocess.Popen(  # noqa: S603 - our own argv
            command,
            env=environment(root),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    process.returncode = 0  # it is meant to outlive this program, which must not warn about that
    remember(directory, name, process.pid, argv)
    return process.pid


def remember(directory: Path, name: str, pid: int, argv: Sequence[str]) -> None:
    """Write a PID file."""
    directory.mkdir(parents=True, exist_ok=True)
    record = {"pid": pid, "started": _started(pid), "boot": BOOT.read_text(), "argv": list(argv)}
    (directory / f"{name}.json").write_text(json.dumps(record))


def forget(directory: Path, name: str) -> None:
    """Remove a PID file."""
    (directory / f"{name}.json").unlink(missing_ok=True)


def find(directory: Path, name: str, argv: Sequence[str] | None = None) -> int | None:
    """The id of a remembered process that is alive (and was started with `argv`), or None."""
    try:
        record = json.loads((directory / f"{name}.json").read_text())
        alive = record["started"] == _started(record["pid"]) is not None
        same = record["boot"] == BOOT.read_text() and (argv is None or list(argv) == record["argv"])
        return int(record["pid"]) if alive and same else None
    except (OSError, ValueError, KeyError, TypeError):
        return None  # no such file, or a crash left half of one


def remembered(directory: Path) -> list[str]:
    """The names of all PID files."""
    return sorted(path.stem for path in directory.glob("*.json"))


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the third (state) on; none when there is no process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return []
    return text[text.rindex(")") + 2 :].split()


def _started(pid: int) -> int | None:
    """When a process began, in clock ticks since the boot; None when it is gone or a zombie."""
    fields = _stat(pid)
    return int(fields[19]) if fields and fields[0] not in {"Z", "X"} else None


def alive(pid: int) -> bool:
    """Whether a process runs."""
    return _started(pid) is not None


def memory(pid: int) -> int:
    """Resident memory in bytes; 0 when the process is gone."""
    fields = _stat(pid)
    return int(fields[21]) * os.sysconf("SC_PAGE_SIZE") if fields else 0


def marked(root: Path) -> set[int]:
    """Every process that carries the cluster's mark, but for this one and its ancestors."""
    wanted = f"{MARK}={root}".encode()
    found = set()
    for path in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if wanted in path.read_bytes().split(b"\0"):
                found.add(int(path.parent.name))
    return {pid for pid in found if alive(pid)} - _ancestors()


def _ancestors() -> set[int]:
    pids, pid = set(), os.getpid()
    while pid > 0:
        pids.add(pid)
        fields = _stat(pid)
        pid = int(fields[1]) if fields else 0
    return pids


def stop(pids: Iterable[int], grace_seconds: float) -> None:
    """End processes: ask first, insist after the grace, return when all are gone."""
    living = {pid for pid in pids if alive(pid)}
    _signal(living, signal.SIGTERM)
    living = wait_gone(living, grace_seconds)
    _signal(living, signal.SIGKILL)
    wait_gone(living, 10)


def kill(pids: Iterable[int]) -> None:
    """End processes at once."""
    living = set(pids)
    _signal(living, signal.SIGKILL)
    wait_gone(living, 10)


def _signal(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def wait_gone(pids: set[int], seconds: float) -> set[int]:
    """Wait until processes are gone; those that are not after `seconds` are returned."""
    deadline = time.monotonic() + seconds
    living = {pid for pid in pids if alive(pid)}
    while living and time.monotonic() < deadline:
        time.sleep(0.02)
        living = {pid for pid in living if alive(pid)}
    return living
