"""What the operator is told of replicas, by a real one."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator

import psycopg
import pytest

from authly_operator.instance import registry
from authly_operator.observed import ReplicaSeen
from authly_server.storage import migration
from throwaway import postgres
from throwaway.postgres import Cluster


NAME = "main-standby-0"
ROLE = f"CREATE ROLE authly_replication LOGIN REPLICATION PASSWORD '{postgres.PASSWORD}'"
MUCH = "CREATE TABLE much AS SELECT repeat('x', 1000) AS x FROM generate_series(1, 40000)"


@pytest.fixture(scope="module")
def primary() -> Iterator[Cluster]:
    """A database that the operator runs: its owner is the superuser."""
    with contextlib.closing(postgres.create()) as cluster:
        execute(cluster, ROLE)
        operator = cluster.url("postgres", user="authly_operator")
        migration.run(cluster.superuser_url, operator_url=operator)
        yield cluster


def execute(cluster: Cluster, statement: str) -> None:
    with psycopg.connect(cluster.superuser_url, autocommit=True) as connection:
        connection.execute(statement.encode())


async def seen(primary: Cluster) -> tuple[ReplicaSeen, ...]:
    probe = await registry.observe_instance(primary.url("postgres", user="authly_operator"))
    assert probe.schema_revision
    assert probe.replicas is not None
    return probe.replicas


async def seen_when(
    primary: Cluster, holds: Callable[[tuple[ReplicaSeen, ...]], bool]
) -> tuple[ReplicaSeen, ...]:
    async with asyncio.timeout(60):
        while not holds(found := await seen(primary)):  # noqa: ASYNC110 - PostgreSQL tells nobody
            await asyncio.sleep(0.1)
    return found


async def test_a_replica_is_seen_by_name_with_how_far_it_is_behind(primary: Cluster) -> None:
    assert await seen(primary) == ()
    with contextlib.closing(primary.replicate(NAME, "authly_replication")) as replica:
        await seen_when(primary, lambda found: [one.name for one in found] == [NAME])
        (one,) = await seen_when(primary, lambda found: found[0].streaming)
        assert one.lag_bytes < 2**24

        execute(replica, "SELECT pg_wal_replay_pause()")
        execute(primary, MUCH)
        (one,) = await seen_when(primary, lambda found: found[0].lag_bytes > 2**24)
        assert one.streaming

        execute(replica, "SELECT pg_wal_replay_resume()")
        await seen_when(primary, lambda found: found[0].lag_bytes < 2**24)
    assert await seen_when(primary, lambda found: not found) == ()


async def test_replicas_of_others_are_not_the_operators(primary: Cluster) -> None:
    with contextlib.closing(primary.replicate(NAME)):
        assert await seen(primary) == ()
