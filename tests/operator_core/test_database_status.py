"""What the status tells of a managed database."""

from typing import Any

import pytest

from authly_operator.api import authly_server
from authly_operator.observed import DatabaseProbe, Identity, ReplicaSeen, ServerObserved
from authly_operator.reconcile import database_facts


IDENTITY = Identity(name="main", namespace="auth", uid="u", generation=1)


def told(replicas: int, *seen: ReplicaSeen, probe: DatabaseProbe | None = None) -> Any:
    given = {"issuer": "https://auth.example", "database": {"managed": {"replicas": replicas}}}
    observed = ServerObserved(
        identity=IDENTITY, database=probe or DatabaseProbe(schema_revision=1, replicas=seen)
    )
    return database_facts.told(authly_server.Spec.model_validate(given), observed)


def replica(ordinal: int, lag: int = 0, seconds: float | None = None, **more: Any) -> ReplicaSeen:
    given = {"streaming": True, **more}
    return ReplicaSeen(name=f"main-standby-{ordinal}", lag_bytes=lag, lag_seconds=seconds, **given)


def test_every_replica_that_is_wanted_is_told_of() -> None:
    facts = told(3, replica(2), replica(0, streaming=False))

    assert facts["replicas"] == [
        {"name": "main-standby-0", "streaming": False},
        {"name": "main-standby-1", "streaming": False},
        {"name": "main-standby-2", "streaming": True, "lagBytes": 0, "lagSeconds": 0},
    ]
    assert not database_facts.is_caught_up(facts)


def test_a_replica_that_keeps_up_writes_no_status() -> None:
    """Whatever it is behind at the moment of the question."""
    facts = [told(1, replica(0, lag, seconds)) for lag, seconds in ((0, None), (2**24 - 1, 9.9))]

    assert facts[0] == facts[1]
    assert database_facts.is_caught_up(facts[0])


def test_a_lag_is_told_in_steps() -> None:
    (one,) = told(1, replica(0, 3 * 2**24 + 5, 42.5))["replicas"]

    assert (one["lagBytes"], one["lagSeconds"]) == (3 * 2**24, 40)


@pytest.mark.parametrize("probe", [DatabaseProbe(error="refused"), DatabaseProbe(replicas=None)])
def test_nothing_is_claimed_where_the_primary_could_not_tell(probe: DatabaseProbe) -> None:
    facts = told(1, probe=probe)

    assert facts is None
    assert database_facts.is_caught_up(facts)


def test_a_server_without_replicas_tells_of_none() -> None:
    assert told(0) is None
