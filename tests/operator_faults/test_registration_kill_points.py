"""SIGKILL between any two side effects of an AuthlyScope's and an AuthlyClient's story."""

import logging
from collections.abc import Sequence

import pytest
from tests.operator_faults import lives, proofs, world as worlds
from tests.operator_faults.lives import Chapter
from tests.operator_faults.operators import Operator
from tests.operator_faults.registration import Registration
from tests.operator_faults.world import World


LANES = 3
log = logging.getLogger(__name__)


def test_a_scope_and_a_client_survive_every_death_of_their_operator(world: World) -> None:
    lanes = {world.namespace("apps"): worlds.home(world) for _ in range(LANES)}

    def life(operator: Operator, number: int) -> Sequence[Chapter]:
        return Registration(world, lanes[operator.name], operator.name, number).chapters()

    deaths = lives.tell_all(life, [world.operator(name) for name in lanes])
    log.info("deaths by chapter: %s", dict(deaths))
    assert deaths["scope created"] >= 4
    assert deaths["client created"] >= 5
    assert deaths["client edited"] >= 2
    assert deaths["rotation asked for"] >= 7
    assert deaths["secret edited"] >= 6
    assert deaths["client deleted"] >= 2
    assert deaths["scope deleted"] >= 2


def test_no_death_in_a_change_of_a_generated_key_leaves_a_client_without_one_that_works(
    world: World,
) -> None:
    lanes = {world.namespace("apps"): worlds.home(world) for _ in range(LANES)}

    def life(operator: Operator, number: int) -> Sequence[Chapter]:
        home, namespace = lanes[operator.name], operator.name
        registration = Registration(world, home, namespace, number, proof=proofs.KEY)
        return (*registration.beginning(), *registration.changes(), *registration.end())

    deaths = lives.tell_all(life, [world.operator(name) for name in lanes])
    log.info("deaths by chapter: %s", dict(deaths))
    assert deaths["client created"] >= 5
    assert deaths["client edited"] >= 2
    assert deaths["rotation asked for"] >= 7
    assert deaths["secret edited"] >= 6


@pytest.mark.parametrize("policy", ["Disable", "Orphan"])
def test_no_death_in_a_deletion_leaves_more_or_less_of_a_client_than_its_policy_says(
    world: World, policy: str
) -> None:
    lanes = {world.namespace("apps"): worlds.home(world) for _ in range(LANES)}

    def life(operator: Operator, number: int) -> Sequence[Chapter]:
        home, namespace = lanes[operator.name], operator.name
        registration = Registration(world, home, namespace, number, deletion_policy=policy)
        return (*registration.beginning(), registration.end()[0])

    deaths = lives.tell_all(life, [world.operator(name) for name in lanes])
    log.info("deaths by chapter: %s", dict(deaths))
    assert deaths["client deleted"] >= 2
