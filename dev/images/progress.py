"""Says on stderr what is being done and how long it takes; runs commands so."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


STEP = re.compile(r"^(\[\d+/\d+\] )?STEP \d+/\d+: (?P<instruction>.*)$")
SHOWN_ON_FAILURE = 25


class Failure(Exception):  # noqa: N818 - what a person reads after `error:`
    """One clear line for a person, perhaps followed by a command's last words."""


def say(line: str) -> None:
    """Write one line to stderr."""
    print(line, file=sys.stderr, flush=True)


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Announce `what`, and say afterwards how many seconds it took."""
    start = time.monotonic()
    say(f"{what} ...")
    yield
    say(f"{what}: {time.monotonic() - start:.1f} s")


def run(command: Sequence[str], log: Path, *, directory: Path | None = None) -> None:
    """
    Run a command, its whole output to `log`, a build's steps to stderr with the seconds so far.

    Raises:
        Failure: the command could not be started or failed; with its last lines.
    """
    start = time.monotonic()
    process = _start(command, directory)
    with log.open("a", encoding="utf-8") as file, process:
        file.write(f"$ {' '.join(command)}\n")
        for line in process.stdout or ():
            file.write(line)
            _show(line, time.monotonic() - start)
    if process.returncode:
        tail = "\n".join(log.read_text(encoding="utf-8").splitlines()[-SHOWN_ON_FAILURE:])
        message = (
            f"{command[0]} failed with status {process.returncode}; all of it is in {log}\n{tail}"
        )
        raise Failure(message)


def _start(command: Sequence[str], directory: Path | None) -> subprocess.Popen[str]:
    try:
        return subprocess.Popen(
            command,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
    except OSError as error:
        message = f"cannot start {command[0]}: {error.strerror}"
        raise Failure(message) from error


def _show(line: str, seconds: float) -> None:
    if step := STEP.match(line.strip()):
        instruction = " ".join(step["instruction"].split())
        instruction = re.sub(r"--mount=\S+ ", "", instruction)
        say(f"  {seconds:5.1f} s  {instruction[:90]}")
