"""The world of operators that may die, with a kubelet that runs the Jobs of backups for real."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.operator_backups import job_pods
from tests.operator_backups.job_pods import JobPods
from tests.operator_faults import surroundings
from tests.operator_faults.surroundings import control_plane, nursery, world
from tests.operator_faults.world import World

from throwaway.nursery import Nursery


__all__ = ["control_plane", "nursery", "world"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = os.path.dirname(__file__)  # noqa: PTH120 - compared as text
    surroundings.mark(items, here, pytest.mark.backups)


@pytest.fixture(scope="package")
def purpose() -> str:
    """What the control plane here is for."""
    return "backups"


@pytest.fixture(scope="package")
def pods(
    world: World, tmp_path_factory: pytest.TempPathFactory, forks: Nursery
) -> Iterator[JobPods]:
    """The pods of backups and restores, as processes."""
    with job_pods.playing(world, tmp_path_factory.mktemp("claims"), forks) as playing:
        yield playing


@pytest.fixture
def claims(pods: JobPods) -> Path:
    """Where the claims of all namespaces are mounted from."""
    return pods.claims
