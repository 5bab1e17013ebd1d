"""What a person reads while it happens: numbered steps, lines below them, one live line."""

import sys
import time


def say(text: str = "") -> None:
    """One line."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def told(text: str) -> None:
    """A line below a step."""
    say(f"   {text}")


class Story:
    """Counts the steps, and the seconds since the beginning."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.steps = 0

    def step(self, title: str) -> None:
        """Begin a step."""
        self.steps += 1
        say(f"\n{self.steps}. {title}  [{self.seconds():.0f} s]")

    def seconds(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self.began


class Live:
    """A line that is rewritten on a terminal, and in a log written only where it says more."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.rewrites = sys.stdout.isatty()
        self.last = ""

    def show(self, text: str) -> None:
        """Show what is waited for."""
        seconds = int(time.monotonic() - self.began)
        if self.rewrites:
            sys.stdout.write(f"\r\x1b[K   {seconds:3d} s  {text[:150]}")
            sys.stdout.flush()
        elif text != self.last:
            told(f"{seconds:3d} s  {text}")
        self.last = text

    def clear(self) -> None:
        """Leave nothing of the line."""
        if self.rewrites:
            sys.stdout.write("\r\x1b[K")
            sys.stdout.flush()
