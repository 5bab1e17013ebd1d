"""One node for the whole session with the operator on it; a server of its own for each module."""

import os
from collections.abc import Iterator

import pytest
from tests.e2e import installation, instance as instances
from tests.e2e.instance import Instance
from tests.e2e.kube import Kube


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs the node, and has time for it."""
    here = os.path.dirname(__file__)  # noqa: PTH120 - compared as text
    for item in items:
        if str(item.path).startswith(here):
            item.add_marker(pytest.mark.node)
            item.add_marker(pytest.mark.timeout(900))


@pytest.fixture(scope="session")
def kube() -> Iterator[Kube]:
    """The node's administrator; the operator is installed, its custom resources are known."""
    archives = installation.build()
    with installation.node() as found:
        installation.load(found, archives)
        operator = next(path.stem for path in archives if path.stem.startswith("operator_"))
        installation.install(found, operator)
        yield found


@pytest.fixture(scope="session")
def next_image(kube: Kube) -> str:
    """The tag of a second image of the same server, in the node."""
    installation.load(kube, installation.build("server", "--tag", installation.NEXT_TAG))
    return installation.NEXT_TAG


@pytest.fixture(scope="module")
def instance(kube: Kube, request: pytest.FixtureRequest) -> Iterator[Instance]:
    """An instance of the module's own; its constant REPLICAS says how many pods serve (1)."""
    name = str(request.module.__name__).rpartition(".")[2].removeprefix("test_").replace("_", "-")
    with instances.running(kube, name, getattr(request.module, "REPLICAS", 1)) as running:
        yield running
