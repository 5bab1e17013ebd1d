"""What a person sees while they wait: one line, rewritten on a terminal, repeated in a log."""

import sys
import time


QUIET_SECONDS = 30.0  # how often a line is repeated where it cannot be rewritten


def say(text: str) -> None:
    """Show one finished line."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def clock(seconds: float) -> str:
    """Minutes and seconds, as in `3:07`."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


class Line:
    """One line about one long step: what, how long it took so far, how long it takes as a rule."""

    def __init__(self, what: str, expected_seconds: float) -> None:
        self.what = what
        self.expected = expected_seconds
        self.started = time.monotonic()
        self.shown = float("-inf")
        self.rewrites = sys.stderr.isatty()

    def elapsed(self) -> float:
        """Seconds since the step began."""
        return time.monotonic() - self.started

    def show(self, detail: str = "") -> None:
        """Show the line again, if it is time to."""
        pause = 1.0 if self.rewrites else QUIET_SECONDS
        if self.elapsed() - self.shown < pause:
            return
        self.shown = self.elapsed()
        text = f"{self.what}: {clock(self.elapsed())} of about {clock(self.expected)}{detail}"
        sys.stderr.write(f"\r\x1b[K{text}" if self.rewrites else f"{text}\n")
        sys.stderr.flush()

    def finish(self) -> None:
        """Replace the line by its result."""
        sys.stderr.write("\r\x1b[K" if self.rewrites else "")
        say(f"{self.what}: done in {clock(self.elapsed())}")
