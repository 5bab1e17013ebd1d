"""How a command ends, and what it tells on the way: one JSON object a line, or one line of why."""

import json
import sys
from pathlib import Path


# Kubernetes shows what a container wrote there as the reason of its end.
TERMINATION_LOG = Path("/dev/termination-log")


class Failure(Exception):  # noqa: N818  # not an error of the program: the line to end with
    """A command failed; the text is the one line that says why."""


def explain(line: str) -> None:
    """Say on stderr why a command failed."""
    sys.stderr.write(f"{line}\n")
    _leave_behind(line)


def _leave_behind(line: str) -> None:
    try:
        if TERMINATION_LOG.exists():
            TERMINATION_LOG.write_text(line)
    except OSError:
        return  # outside of Kubernetes nobody reads it


def report(**facts: object) -> int:
    """The last line of a command that succeeded; the operator reads it as the container's end."""
    line = json.dumps(facts)
    sys.stdout.write(line + "\n")
    _leave_behind(line)
    return 0


def tell(event: str, **facts: object) -> None:
    """Tell of something on the way."""
    sys.stdout.write(json.dumps({"event": event, **facts}) + "\n")
    sys.stdout.flush()
