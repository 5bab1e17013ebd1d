"""The scripts by which replicas of a managed database follow it, with real PostgreSQLs."""

import time
from collections.abc import Callable, Iterator

import pytest
from tests.operator_desired.postgres_pod import PostgresPod

from authly_operator.desired import postgresql, streaming


PASSWORD = "it's \"the\" $replicas' one"
FOLLOWS = "SELECT count(*) = 1 FROM pg_stat_wal_receiver WHERE status = 'streaming'"


@pytest.fixture
def primary() -> Iterator[PostgresPod]:
    """A primary that admits replicas, and keeps as little for them as PostgreSQL can."""
    pod = PostgresPod(
        ["docker-entrypoint.sh"],
        {"log_statement": "all", "wal_keep_size": "0", "min_wal_size": "32MB"},
        {"POSTGRES_PASSWORD": "superuser", streaming.PASSWORD_VARIABLE: PASSWORD},
    )
    pod.start()
    assert pod.run(streaming.ADMIT) == 0
    pod.tell("CREATE TABLE seen (number int)", "INSERT INTO seen VALUES (1)")
    yield pod
    pod.close()


@pytest.fixture
def replica(primary: PostgresPod) -> Iterator[PostgresPod]:
    """One that was told to follow, and not started yet."""
    source = streaming.conninfo("127.0.0.1", primary.port)
    conninfo = {"primary_conninfo": f"{source} application_name=main-standby-0"}
    pod = PostgresPod(
        ["sh", "-c", streaming.FOLLOW, "follow"],
        {**streaming.STANDBY, **conninfo, "wal_retrieve_retry_interval": "100ms"},
        {"PRIMARY": source, "PGPASSWORD": PASSWORD},
    )
    yield pod
    pod.close()


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def numbers(pod: PostgresPod) -> object:
    return pod.ask("SELECT string_agg(number::text, ' ' ORDER BY number) FROM seen")


def begin(replica: PostgresPod) -> None:
    replica.start()
    until(lambda: replica.ask(FOLLOWS))
    assert numbers(replica) == "1"


def leave_behind(primary: PostgresPod) -> None:
    """Write so much that what was written before is not kept."""
    primary.tell("INSERT INTO seen VALUES (2)")
    for _ in range(6):
        primary.tell(
            "SELECT pg_switch_wal()", "INSERT INTO seen SELECT 3 WHERE false", "CHECKPOINT"
        )
        primary.tell("CREATE TABLE IF NOT EXISTS much AS SELECT 1", "DROP TABLE much")


def start_anew(replica: PostgresPod) -> None:
    """What the kubelet does with a container whose liveness probe fails."""
    replica.stop()
    replica.start()


def test_a_replica_shows_what_is_written_and_writes_nothing(
    primary: PostgresPod, replica: PostgresPod
) -> None:
    begin(replica)

    primary.tell("INSERT INTO seen VALUES (2)")

    until(lambda: numbers(replica) == "1 2")
    assert replica.ask("SELECT pg_is_in_recovery()") is True
    assert replica.run(streaming.IS_ALIVE) == replica.run(postgresql.IS_READY) == 0
    name = "SELECT application_name FROM pg_stat_replication WHERE usename = 'authly_replication'"
    assert primary.ask(name) == "main-standby-0"


def test_the_replicas_role_may_stream_and_nothing_else(primary: PostgresPod) -> None:
    assert primary.run(streaming.ADMIT) == 0  # as at each start of the pod

    rules = (primary.data / "pg_hba.conf").read_text().splitlines()
    rights = (
        "SELECT (rolsuper, rolreplication, rolcreaterole, rolcreatedb, rolbypassrls)::text"
        " FROM pg_roles WHERE rolname = 'authly_replication'"
    )
    assert [rule for rule in rules if "authly_replication" in rule] == [
        "host replication authly_replication all scram-sha-256"
    ]
    assert primary.ask(rights) == "(f,t,f,f,f)"
    assert (
        primary.ask("SELECT has_table_privilege('authly_replication', 'seen', 'SELECT')") is False
    )
    assert "log_statement = none" in primary.log
    assert "$replicas" not in primary.log


def test_a_replica_that_was_away_for_too_long_copies_everything_anew(
    primary: PostgresPod, replica: PostgresPod
) -> None:
    begin(replica)
    replica.stop()
    leave_behind(primary)
    replica.start()
    until(lambda: "has already been removed" in replica.log)
    assert numbers(replica) == "1"  # readable, and never to be up to date again

    assert replica.run(streaming.IS_ALIVE) == 1
    start_anew(replica)

    until(lambda: replica.ask(FOLLOWS))
    assert numbers(replica) == "1 2"
    assert replica.run(streaming.IS_ALIVE) == 0
    assert not list(replica.place.glob("pgdata.*"))


def test_a_replica_of_a_database_that_was_lost_copies_the_new_one(
    primary: PostgresPod, replica: PostgresPod
) -> None:
    begin(replica)
    primary.stop()
    primary.data.rename(primary.place / "lost")
    primary.start()
    assert primary.run(streaming.ADMIT) == 0
    primary.tell("CREATE TABLE seen (number int)", "INSERT INTO seen VALUES (7)")

    until(lambda: replica.run(streaming.IS_ALIVE) == 1)
    start_anew(replica)

    until(lambda: replica.ask(FOLLOWS))
    assert numbers(replica) == "7"


def test_a_replica_waits_for_a_primary_that_is_away_and_can_be_read_meanwhile(
    primary: PostgresPod, replica: PostgresPod
) -> None:
    begin(replica)
    primary.stop()
    until(lambda: not replica.ask(FOLLOWS))

    assert replica.run(streaming.IS_ALIVE) == replica.run(postgresql.IS_READY) == 0
    assert numbers(replica) == "1"

    primary.start()
    primary.tell("INSERT INTO seen VALUES (2)")
    until(lambda: numbers(replica) == "1 2")
    assert not list(replica.place.glob("pgdata.*"))


def test_a_copy_that_was_cut_off_is_begun_anew(primary: PostgresPod, replica: PostgresPod) -> None:
    primary.tell("CREATE TABLE large AS SELECT repeat('x', 900) FROM generate_series(1, 90000)")
    replica.start()
    until(lambda: list((replica.place / "pgdata.partial").glob("base/*/*")))
    assert replica.run(streaming.IS_ALIVE) == 0  # a copy takes as long as it takes
    replica.kill()
    assert not replica.data.exists()

    replica.start()
    until(lambda: list((replica.place / "pgdata.partial").glob("base/*/*")))
    replica.stop()  # as the kubelet does, which would wait two minutes for one that does not hear
    assert not replica.data.exists()

    begin(replica)
    assert replica.ask("SELECT count(*) FROM large") == 90000


def test_a_replica_that_somebody_promoted_becomes_a_replica_again(
    primary: PostgresPod, replica: PostgresPod
) -> None:
    begin(replica)
    replica.tell("SELECT pg_promote()", "INSERT INTO seen VALUES (9)")

    start_anew(replica)

    until(lambda: replica.ask(FOLLOWS))
    assert numbers(replica) == "1"
