"""Clusters for the tests, each with a name of its own and taken down whatever happens."""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cluster import handle, processes, residue


@pytest.fixture(scope="module")
def new_cluster() -> Iterator[Callable[[str], handle.Cluster]]:
    with contextlib.ExitStack() as stack:

        def make(purpose: str) -> handle.Cluster:
            made = handle.Cluster(f"{purpose}-{os.getpid()}")
            stack.callback(made.down)
            return made

        yield make


@pytest.fixture(scope="session")
def left_of() -> Callable[[handle.Cluster], list[str]]:
    """What there is of a cluster on the machine: processes, mounts, its state directory."""

    def find(cluster: handle.Cluster) -> list[str]:
        place = cluster.place
        pids = processes.marked(place.root) | residue.contained(place.containerd)
        state = [str(place.root)] if place.root.exists() else []
        return [*map(str, pids), *residue.mounts(place.root), *state]

    return find


@pytest.fixture(scope="session")
def kill() -> Callable[[handle.Cluster, str], None]:
    """A crash of one component."""

    def crash(cluster: handle.Cluster, component: str) -> None:
        pid = processes.find(cluster.place.processes, component)
        assert pid is not None, f"{component} does not run"
        processes.kill([pid])

    return crash


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """State and cache directories of the test's own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path
