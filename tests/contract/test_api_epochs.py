"""Leaders that follow each other, and writes at once: each is made once, by the last one."""

import json
import threading

import psycopg
import pytest
from tests.contract.operator_api import CLIENT, SCOPE, Api


def test_a_write_of_a_deposed_leader_is_refused(api: Api) -> None:
    assert api.client(epoch=5) == ("Created", None)
    assert api.scope(epoch=7) == ("Created", None)
    for function, arguments in (
        ("apply_client", (CLIENT | {"enabled": False}, 6)),
        ("apply_scope", (SCOPE, 6)),
        ("delete_client", ("shop", "default/shop", 6)),
        ("delete_scope", ("orders", "default/orders", 6)),
    ):
        with pytest.raises(psycopg.Error) as raised:
            api.call(function, *arguments)
        assert raised.value.sqlstate == "AU001"
    assert api.call("observe_client", "shop") == CLIENT
    assert api.client(epoch=7) == ("Unchanged", None)


@pytest.mark.parametrize("epoch", [None, -1])
def test_an_epoch_that_is_no_number_is_refused(api: Api, epoch: int | None) -> None:
    with pytest.raises(psycopg.DataError):
        api.call("apply_client", CLIENT, epoch)


def test_a_write_that_waited_for_a_new_leader_sees_its_epoch(database_url: str, api: Api) -> None:
    api.client(epoch=1)
    refused: list[str | None] = []

    def write_as_the_old_leader() -> None:
        with psycopg.connect(database_url, autocommit=True) as connection:
            try:
                connection.execute(
                    "SELECT authly_api.apply_client(%s::jsonb, 1)",
                    (json.dumps(CLIENT | {"enabled": False}),),
                )
            except psycopg.Error as error:
                refused.append(error.sqlstate)

    old_leader = threading.Thread(target=write_as_the_old_leader)
    with psycopg.connect(database_url) as new_leader:
        new_leader.execute("SELECT authly_api.apply_client(%s::jsonb, 2)", (json.dumps(CLIENT),))
        old_leader.start()
        old_leader.join(timeout=0.5)
        assert old_leader.is_alive()
    old_leader.join(timeout=10)
    assert refused == ["AU001"]


def test_the_same_client_created_from_twenty_connections_is_created_once(
    database_url: str, api: Api
) -> None:
    outcomes: list[str] = []

    def create() -> None:
        with psycopg.connect(database_url, autocommit=True) as connection:
            row = connection.execute(
                "SELECT authly_api.apply_client(%s::jsonb, 1)", (json.dumps(CLIENT),)
            ).fetchone()
            assert row is not None
            outcomes.append(row[0]["outcome"])

    threads = [threading.Thread(target=create) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(outcomes) == ["Created"] + ["Unchanged"] * 19
    assert api.count("clients") == 1


def test_a_scope_cannot_be_deleted_while_a_client_is_given_it(database_url: str, api: Api) -> None:
    api.scope()
    outcomes: list[str] = []

    def delete() -> None:
        with psycopg.connect(database_url, autocommit=True) as connection:
            row = connection.execute(
                "SELECT authly_api.delete_scope('orders', 'default/orders', 1)"
            ).fetchone()
            assert row is not None
            outcomes.append(row[0]["outcome"])

    deletion = threading.Thread(target=delete)
    with psycopg.connect(database_url) as other:
        spec = json.dumps(CLIENT | {"scopes": ["orders"]})
        other.execute("SELECT authly_api.apply_client(%s::jsonb, 1)", (spec,))
        deletion.start()
        deletion.join(timeout=0.5)
    deletion.join(timeout=10)
    assert outcomes == ["InUse"]


def test_the_instance_says_what_it_is(api: Api) -> None:
    api.client()
    seen = api.call("observe_instance")
    assert seen["clients"] == 1
    assert seen["scopes"] == 7
    assert seen["schema_revision"] >= 3
    assert seen["server_version"].startswith("15.")
