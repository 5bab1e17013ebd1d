"""Lines for the person who measures, as soon as they are known."""

import sys


def tell(line: str) -> None:
    """Print a line now."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
