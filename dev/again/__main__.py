"""`python dev/again PART...`: ask alone what failed beside the others; fail where it fails again.

Run by `make test`, see docs/adr/0048-asked-again-alone.md.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final


sys.path[:1] = [str(Path(__file__).resolve().parent.parent)]

from again import outcomes  # noqa: E402 - the path must be right first
from again.outcomes import Question, Refused  # noqa: E402


UNSTEADY: Final = Path("artifacts") / "unsteady.txt"


def main(parts: list[str]) -> int:
    """Ask again what the parts have failed in; the exit status."""
    try:
        asked = outcomes.questions(map(outcomes.read, parts))
    except Refused as error:
        _tell(str(error))
        return 1
    passed = [question for question in asked if _passes(question)]
    if len(passed) < len(asked):
        return 1
    _record(asked)
    return 0


def _passes(question: Question) -> bool:
    """Whether the file passes with nothing beside it."""
    _tell(f"{question.file} failed beside the others ({question.part}); asked again, alone")
    # What belongs to the make that asks, such as its jobs, is not for this one.
    environment = {name: text for name, text in os.environ.items() if name != "MAKEFLAGS"}
    command = ["make", "--no-print-directory", question.part, f"TEST={question.file}"]
    ended = subprocess.run(command, env=environment, check=False)  # noqa: S603
    return ended.returncode == 0


def _record(asked: tuple[Question, ...]) -> None:
    UNSTEADY.parent.mkdir(exist_ok=True)
    UNSTEADY.write_text("".join(f"{each.part} {each.file}\n" for each in asked), encoding="utf-8")
    for each in asked:
        _tell(f"UNSTEADY: {each.file} passes alone only; a promise with a race in it, or a test")
    _tell(f"written to {UNSTEADY}: each is a defect to be mended")


def _tell(text: str) -> None:
    sys.stderr.write(f"again: {text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
