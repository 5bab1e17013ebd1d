"""Which change of its image a server is told to be in, from one look to the next."""

from typing import Any

import pytest

from authly_operator.condition_names import Condition
from authly_operator.reconcile import upgrade


OLD, NEW, NEXT = "authly-server:1", "authly-server:2", "authly-server:3"
MOVING = frozenset({Condition.READY, Condition.PROGRESSING})
SETTLED = frozenset({Condition.READY, Condition.MIGRATED})
STUCK = frozenset({Condition.MIGRATED})


def told(
    before: dict[str, str] | None, deployed: str | None, wanted: str, true: frozenset[Condition]
) -> Any:
    return upgrade.told(before, deployed=deployed, wanted=wanted, true=true)


def under_way(phase: str, begin: str = OLD, end: str = NEW) -> dict[str, str]:
    return {"from": begin, "to": end, "phase": phase}


def test_a_first_roll_out_is_no_upgrade() -> None:
    assert told(None, None, NEW, MOVING) is None
    assert told(None, NEW, NEW, MOVING) is None
    assert told(None, NEW, NEW, SETTLED) is None


def test_an_upgrade_is_told_from_the_migration_until_it_is_rolled_out() -> None:
    migrating = told(None, OLD, NEW, MOVING)
    assert migrating == under_way("Migrating")
    rolling = told(migrating, NEW, NEW, MOVING)
    assert rolling == under_way("RollingOut")
    assert told(rolling, NEW, NEW, MOVING) == rolling
    assert told(rolling, NEW, NEW, SETTLED) is None


@pytest.mark.parametrize("deployed", [OLD, NEW])
def test_one_that_does_not_go_on_says_so_and_still_whence_it_came(deployed: str) -> None:
    assert told(under_way("RollingOut"), deployed, NEW, STUCK) == under_way("Stopped")


def test_one_that_a_person_holds_is_paused() -> None:
    assert told(None, OLD, NEW, SETTLED | {Condition.PAUSED}) == under_way("Paused")


def test_a_third_image_in_the_middle_is_told_from_what_is_deployed_now() -> None:
    assert told(under_way("RollingOut"), NEW, NEXT, MOVING) == under_way("Migrating", NEW, NEXT)


def test_going_back_before_anything_was_rolled_out_is_none() -> None:
    assert told(under_way("Migrating"), OLD, OLD, MOVING) is None
