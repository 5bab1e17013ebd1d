"""A server that runs gets each field changed, one after the other, and follows each time."""

import pytest
from tests.operator_desired import effect as effects
from tests.operator_desired.effect import Effect
from tests.operator_desired.field_effects import EFFECTS
from tests.operator_desired.field_paths import at, changed, merged
from tests.operator_faults import world as worlds
from tests.operator_faults.kubernetes_api import Object, is_ready, wait_until
from tests.operator_faults.operators import Operator
from tests.operator_faults.world import World

from authly_operator import naming


NOT_HERE = frozenset({effects.ROUTE, effects.MONITOR, effects.RULES})
"""Kinds that this cluster does not know."""
COME_AND_GO = ("Service", "Ingress", "CronJob", "HorizontalPodAutoscaler", "NetworkPolicy")
OURS = f"{naming.MANAGED_BY_LABEL}={naming.FIELD_MANAGER}"


@pytest.fixture
def base(operator: Operator) -> Object:
    found: Object = worlds.server(operator.name)["spec"]
    return found


def is_possible(path: str, effect: Effect) -> bool:
    """Whether it is about a server whose database somebody else runs, of kinds that are known."""
    return not path.startswith("database.managed") and effect.target not in NOT_HERE


def seen(world: World, namespace: str, target: str, path: str) -> list[object]:
    """What is at the path of each object that the target means."""
    kind, _, name = target.partition("/")
    if not name.endswith("-"):
        found = world.api.find(kind, namespace, name)
        return [at(found, path) if found else None]
    every = world.api.select(kind, namespace)
    return [at(one, path) for one in every if one["metadata"]["name"].startswith(name)]


def children(world: World, namespace: str) -> set[tuple[str, str]]:
    """Kind and name of what may come with a field, and go with it."""
    found = (one for kind in COME_AND_GO for one in world.api.select(kind, namespace, OURS))
    return {(one["kind"], one["metadata"]["name"]) for one in found}


def test_every_field_is_applied_whenever_it_changes(
    world: World, operator: Operator, base: Object
) -> None:
    before, tried = children(world, operator.name), 0
    for path, effect in EFFECTS.items():
        if not is_possible(path, effect):
            continue
        spec = changed(merged(base, effect.given), path, effect.value)
        world.api.apply(worlds.server(operator.name, **spec))
        place = operator.name, effect.target, effect.path

        def is_seen(effect: Effect = effect, place: tuple[str, str, str] = place) -> bool:
            return any(map(effect.shows, seen(world, *place)))

        wait_until(f"{path} to be seen", is_seen, seen=lambda: f"{seen(world, *place)}")  # noqa: B023
        tried += 1
    assert tried > 70
    world.api.apply(worlds.server(operator.name, **base))
    back = world.api.wait_for("AuthlyServer", operator.name, "main", is_ready)
    assert back["status"]["observedGeneration"] == back["metadata"]["generation"]
    wait_until("what came to be gone", lambda: children(world, operator.name) == before)
