"""The demo's tools on a cluster of the tests' own."""

import sys
from pathlib import Path

import pytest

from cluster import handle, layout


@pytest.fixture(scope="session")
def tools() -> Path:
    """The directory of kubectl and helm."""
    return Path(handle.run(sys.executable, str(layout.SOURCE), "tools").split()[-1])
