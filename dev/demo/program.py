"""Other programs: run to their end, or in the background until a line tells that they are up."""

import contextlib
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Sequence

from demo.failure import Failure


def run(argv: Sequence[str], *, shown: bool = False) -> str:
    """Run a program; answer what it printed. With `shown`, stderr goes to the terminal.

    Raises:
        Failure: it is missing or failed, with the last line of its complaint.
    """
    need(argv[0])
    done = subprocess.run(  # noqa: S603 - our own argv
        argv,
        stdout=subprocess.PIPE,
        stderr=None if shown else subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        message = f"{shlex.join(argv)}: {last_line(done.stderr or done.stdout)}"
        raise Failure(message)
    return done.stdout


def need(name: str) -> None:
    """Check that a program is there.

    Raises:
        Failure: it is not.
    """
    if shutil.which(name) is None:
        message = f"{name} is not installed: install it and put it on PATH"
        raise Failure(message)


def last_line(complaint: str) -> str:
    """The last line that says something."""
    lines = [line.strip() for line in complaint.splitlines() if line.strip()]
    return lines[-1] if lines else "it failed and said nothing"


@contextlib.contextmanager
def background(argv: Sequence[str], *, until: str) -> Iterator[str]:
    """Run a program while the block runs; begins when a line with `until` came, and answers it.

    Raises:
        Failure: it ended before.
    """
    need(argv[0])
    process = subprocess.Popen(  # noqa: S603 - our own argv
        argv,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield _line(process, until, argv)
    finally:
        process.terminate()
        process.wait()
        if process.stdout:
            process.stdout.close()


def _line(process: subprocess.Popen[str], until: str, argv: Sequence[str]) -> str:
    said = ""
    for line in process.stdout or ():
        if until in line:
            return line.strip()
        said += line
    message = f"{shlex.join(argv)}: {last_line(said)}"
    raise Failure(message)
