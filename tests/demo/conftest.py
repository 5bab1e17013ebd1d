"""The demo's tools on a cluster of the tests' own."""

from pathlib import Path

import pytest

from cluster import handle


@pytest.fixture(scope="session")
def tools() -> Path:
    """The directory of kubectl and helm."""
    return handle.tools()
