"""The examples, applied as they stand to an API server that has the definitions."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster import handle


pytestmark = pytest.mark.control_plane

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
NAMES = sorted(path.name for path in EXAMPLES.glob("*.yaml"))


@pytest.fixture
def empty(control_plane: handle.Cluster, definitions: None) -> Iterator[None]:
    """Every example is about a server of the same name; each is tried alone."""
    yield
    ours = "authlyrestore,authlybackup,authlyclient,authlyscope,authlyserver"
    control_plane.kubectl("delete", ours, "--all", "-A")


@pytest.mark.usefixtures("empty")
@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_accepted_as_it_stands(control_plane: handle.Cluster, name: str) -> None:
    path = str(EXAMPLES / name)
    control_plane.kubectl("apply", "-f", path)
    kept = control_plane.kubectl("get", "-f", path, "-o", "name").split()
    assert any(name.startswith("authly") for name in kept)
