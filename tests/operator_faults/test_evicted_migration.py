"""A node that is drained in the middle of a migration: that is nobody's fault, and it is done."""

from collections.abc import Iterator

import pytest
from tests.operator_faults import world as worlds
from tests.operator_faults.kubernetes_api import Object, is_ready
from tests.operator_faults.operators import Operator
from tests.operator_faults.world import World


@pytest.fixture
def operator(world: World) -> Iterator[Operator]:
    """An operator of a namespace in which there is nothing yet but a database."""
    namespace = world.namespace("drained")
    world.database(namespace)
    made = world.operator(namespace)
    made.start()
    yield made
    made.end()


def test_a_migration_whose_pod_is_evicted_is_done_by_another_and_counts_as_no_failure(
    world: World, operator: Operator
) -> None:
    world.kubelet.evicting.add(operator.name)
    world.api.apply(worlds.server(operator.name, migrations={"backoffLimit": 0}))
    world.api.wait_for("AuthlyServer", operator.name, "main", is_ready, 150.0)
    assert world.kubelet.evicting == set()
    (job,) = [one for one in world.api.select("Job", operator.name) if is_migration(one)]
    assert (job["status"].get("succeeded"), job["status"].get("failed", 0)) == (1, 0)


def is_migration(job: Object) -> bool:
    return bool(job["metadata"]["name"].startswith("main-migrate-"))
