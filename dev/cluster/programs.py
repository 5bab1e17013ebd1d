"""Other people's programs: found where root's PATH looks too, run, their complaint in one line."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from cluster import refusal


SYSTEM_DIRECTORIES = ("/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/local/bin", "/usr/bin", "/bin")


def search_path() -> str:
    """PATH, and the system's directories behind it."""
    return os.pathsep.join([os.environ.get("PATH", ""), *SYSTEM_DIRECTORIES])


def find(program: str) -> str | None:
    """The path of a program, or None where it is not installed."""
    return shutil.which(program, path=search_path())


def get(program: str) -> str:
    """The path of a program.

    Raises:
        refusal.Refusal: it is not installed.
    """
    path = find(program)
    if path is None:
        message = f"{program} is not installed"
        raise refusal.Refusal(message)
    return path


def run(*argv: str | Path, text: str | None = None) -> str:
    """Run a program to its end and return what it printed on stdout.

    Raises:
        refusal.Refusal: it failed; the message has the last line of its complaint.
    """
    done = attempt(*argv, text=text)
    if done.returncode != 0:
        message = f"{Path(argv[0]).name} {argv[1] if argv[1:] else ''}: {last_line(done.stderr)}"
        raise refusal.Refusal(message)
    return done.stdout


def attempt(*argv: str | Path, text: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, whatever its status."""
    command = [get(str(argv[0])), *map(str, argv[1:])]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False)  # noqa: S603 - our own argv


def become(argv: Sequence[str], environment: dict[str, str]) -> None:
    """Replace this process by a program."""
    os.execve(get(argv[0]), list(argv), environment)  # noqa: S606 - no shell is wanted


def last_line(text: str) -> str:
    """The last line of a complaint that says something."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"
