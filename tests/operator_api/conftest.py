import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster import handle


CRDS = Path(__file__).resolve().parents[2] / "crds"


@pytest.fixture(scope="module")
def control_plane() -> Iterator[handle.Cluster]:
    """A kube-apiserver that knows the three kinds."""
    cluster = handle.Cluster(f"test-crds-{os.getpid()}")
    try:
        cluster.up(control_plane=True)
        cluster.kubectl("apply", "--server-side", "-f", str(CRDS))
        cluster.wait_established("crd", "--all")
        yield cluster
    finally:
        cluster.down()
