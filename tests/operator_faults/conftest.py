"""A control plane, a PostgreSQL and the operator's nursery for all tests of faults."""

import os
from collections.abc import Iterator

import pytest
from tests.operator_faults import surroundings, world as worlds
from tests.operator_faults.operators import Operator
from tests.operator_faults.surroundings import control_plane, nursery, world
from tests.operator_faults.world import World


__all__ = ["control_plane", "nursery", "world"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = os.path.dirname(__file__)  # noqa: PTH120 - compared as text
    surroundings.mark(items, here, pytest.mark.faults)


@pytest.fixture(scope="package")
def purpose() -> str:
    """What the control plane here is for."""
    return "faults"


@pytest.fixture(scope="module")
def operator(world: World) -> Iterator[Operator]:
    """An operator of a namespace with a server that is Ready, for all tests of a module."""
    with worlds.tended(world, "home") as tended:
        yield tended
