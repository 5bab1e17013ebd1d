"""A control plane, a PostgreSQL and the operator's nursery for all tests of faults."""

import os

import pytest
from tests.operator_faults import surroundings
from tests.operator_faults.surroundings import control_plane, nursery, world


__all__ = ["control_plane", "nursery", "world"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = os.path.dirname(__file__)  # noqa: PTH120 - compared as text
    surroundings.mark(items, here, pytest.mark.faults)
