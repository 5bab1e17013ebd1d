"""The parent of several processes: starts them, starts again those that die, and ends with them.

It serves nothing itself, has no event loop and no thread, so that forking is safe at any time.
"""

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NoReturn

from authly_server import telemetry
from authly_server.processes.doors import Doors, Place


WRONG_SETTINGS: Final = 2
FIRST_DELAY: Final = 0.1
# Not longer: what waits at the door of the dead process waits as long.
LONGEST_DELAY: Final = 5.0
# Whoever has lived so long did not die of how it was started.
LONG_LIFE: Final = 60.0
_ASKED_TO_STOP: Final = frozenset({signal.SIGTERM, signal.SIGINT})
_HANDLED: Final = _ASKED_TO_STOP | {signal.SIGCHLD}
_log = telemetry.logger(__name__)

Child = Callable[[Place], int]
Mask = set[int | signal.Signals]


def delay(deaths: int) -> float:
    """Seconds until a process that died so many times in a row is started again."""
    return min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(deaths - 1, 10))


@dataclass
class _Worker:
    """One process, or its successor: `process_id` is None while there is none."""

    number: int
    process_id: int | None = None
    started_at: float = 0.0
    due_at: float = 0.0
    deaths: int = 0


class Supervisor:
    """`count` processes that each run `child`; its answer is the exit code of the process."""

    def __init__(self, count: int, doors: Doors, child: Child) -> None:
        self._workers = [_Worker(number) for number in range(count)]
        self._doors = doors
        self._child = child
        self._is_stopping = False
        self._code = 0

    def run(self) -> int:
        """Until asked to stop; the exit code, 2 if a process says that settings are wrong."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _HANDLED)
        try:
            while not self._is_stopping or any(each.process_id for each in self._workers):
                if not self._is_stopping:
                    self._start_due(before)
                self._wait()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return self._code

    def _start_due(self, mask: Mask) -> None:
        now = time.monotonic()
        for worker in self._workers:
            if worker.process_id is None and worker.due_at <= now:
                worker.started_at = now
                worker.process_id = os.fork() or self._be(worker.number, mask)

    def _be(self, number: int, mask: Mask) -> NoReturn:
        """The life of a child: whatever happens, it never goes on as its parent."""
        code = 1
        try:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            code = self._child(self._doors.enter(number))
        except BaseException:  # noqa: BLE001  # it ends here, and tells why
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _wait(self) -> None:
        """For a signal, or until a process is due again."""
        due = [each.due_at for each in self._workers if each.process_id is None]
        left = max(0.0, min(due) - time.monotonic()) if due and not self._is_stopping else None
        told = signal.sigwaitinfo(_HANDLED) if left is None else signal.sigtimedwait(_HANDLED, left)
        if told is not None and told.si_signo in _ASKED_TO_STOP:
            self._stop()
        self._reap()

    def _stop(self) -> None:
        self._is_stopping = True
        self._doors.close()
        for worker in self._workers:
            if worker.process_id is not None:
                os.kill(worker.process_id, signal.SIGTERM)

    def _reap(self) -> None:
        for worker in self._workers:
            if worker.process_id is None:
                continue
            process_id, status = os.waitpid(worker.process_id, os.WNOHANG)
            if process_id:
                worker.process_id = None
                self._note_end(worker, os.waitstatus_to_exitcode(status))

    def _note_end(self, worker: _Worker, code: int) -> None:
        if self._is_stopping:
            self._code = self._code or (code and 1)
        elif code == WRONG_SETTINGS:
            self._stop()
            self._code = code
        else:
            now = time.monotonic()
            lived_long = now - worker.started_at >= LONG_LIFE
            worker.deaths = 1 if lived_long else worker.deaths + 1
            worker.due_at = now + delay(worker.deaths)
            _log.error(
                "a process has died, and is started again",
                process=worker.number,
                exit_code=code,
                seconds=round(worker.due_at - now, 1),
            )
