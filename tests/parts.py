"""Directories all of whose tests have the same markers, so that a part need not read the others."""

from pathlib import Path
from typing import Final

import pytest
from _pytest.mark.expression import Expression


DIRECTORY: Final = Path(__file__).parent
CHOOSING: Final = frozenset({"node", "control_plane", "faults", "backups"})
"""The markers that say which part of the run a test belongs to."""
NONE: Final = frozenset[str]()
MARKERS: Final = {
    "contract": NONE,
    "e2e": frozenset({"node"}),
    "interop": NONE,
    "operator_backups": frozenset({"control_plane", "backups"}),
    "operator_conditions": NONE,
    "operator_core": NONE,
    "operator_faults": frozenset({"control_plane", "faults"}),
    "operator_instance": NONE,
    "operator_loop": NONE,
    "operator_proxied": frozenset({"control_plane", "faults"}),
    "server": NONE,
}


def is_elsewhere(path: Path, expression: str) -> bool:
    """Whether nothing below a directory of tests can be meant by `-m expression`."""
    if path.parent != DIRECTORY or path.name not in MARKERS or not expression:
        return False

    def has(name: str, /, **_: str | int | bool | None) -> bool:
        return name in MARKERS[path.name]

    return not Expression.compile(expression).evaluate(has)


def check(item: pytest.Item) -> None:
    """Raise pytest.UsageError where a test has other markers than its directory's have."""
    home = item.path.relative_to(DIRECTORY).parts[0] if DIRECTORY in item.path.parents else ""
    found = {marker.name for marker in item.iter_markers()} & CHOOSING
    if home in MARKERS and found != MARKERS[home]:
        message = f"{item.nodeid}: {sorted(found)} are not the markers of {home} in tests/parts.py"
        raise pytest.UsageError(message)
