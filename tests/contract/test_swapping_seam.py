"""The operator's swap of roles in a real database, with real Jobs and servers.

At each moment everything that was started with some password works; afterwards only what has the
present ones does.
"""

from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
from psycopg import conninfo, sql
from tests.contract.swapping import Site

from authly_operator.material.role_swap import Phase, Twin
from authly_server.storage import migration
from throwaway import postgres as throwaway_postgres
from throwaway.postgres import signs_in


ROTATE = "authly.dev/rotate-passwords-at"
URLS = ("DATABASE_URL", "OPERATOR_DATABASE_URL")


@pytest.fixture
def site(postgres: throwaway_postgres.Cluster, database_url: str) -> Iterator[Site]:
    """A server that serves, and whose passwords were never rotated."""
    made = Site(database_url)
    made.settle()
    assert phase(made) is Phase.SETTLED
    try:
        yield made
    finally:
        made.close()
        name = str(conninfo.conninfo_to_dict(database_url)["dbname"])
        postgres.drop_database(name)
        for role in ("server", "operator", "server_b", "operator_b"):
            statement = sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(f"{name}_{role}"))
            postgres.execute(statement)


def urls(site: Site) -> list[str]:
    return [site.credentials[key] for key in URLS]


def phase(site: Site) -> Phase:
    return site.swap.phase


def answers(site: Site) -> None:
    """Every process that runs asks its database by a connection of its own."""
    for pod in site.pods:
        with httpx.Client(base_url=pod.base_url) as http:
            assert http.get("/health/ready").status_code == httpx.codes.OK
            told = http.post("/introspect", data={"token": "x", "client_id": "nobody"})
            assert told.status_code < httpx.codes.INTERNAL_SERVER_ERROR


def test_whatever_was_started_with_a_password_works_until_nobody_uses_it(site: Site) -> None:
    before = urls(site)
    site.annotations[ROTATE] = "please"

    site.look()
    assert phase(site) is Phase.PREPARING
    assert urls(site) == before
    site.look()
    after = urls(site)
    assert (site.swap.phase, site.swap.current) == (Phase.RETIRING, Twin.B)
    assert not {*before} & {*after}
    assert all(map(signs_in, [*before, *after]))
    assert len(site.pods) == 2
    answers(site)

    site.look(seconds=30)  # pods of before may still answer
    assert all(map(signs_in, before))
    site.drain()
    site.look(minutes=2)
    site.look()
    assert phase(site) is Phase.SETTLED
    assert not any(map(signs_in, before))
    assert all(map(signs_in, after))
    answers(site)


def test_two_swaps_come_back_to_the_first_roles_with_other_passwords(site: Site) -> None:
    first = [urlsplit(url) for url in urls(site)]
    for request in ("one", "two"):
        site.annotations[ROTATE] = request
        for _ in range(2):
            site.look()
        site.drain()
        site.settle()
    last = [urlsplit(url) for url in urls(site)]
    assert [each.username for each in last] == [each.username for each in first]
    assert [each.password for each in last] != [each.password for each in first]
    assert site.swap.current is Twin.A
    assert not any(signs_in(each.geturl()) for each in first)
    assert all(map(signs_in, urls(site)))
    answers(site)


def test_a_role_that_somebody_uses_is_left_alone_until_he_ends(site: Site) -> None:
    (before, _) = urls(site)
    site.annotations[ROTATE] = "please"
    with psycopg.connect(before) as somebody:
        for _ in range(2):
            site.look()
        site.drain()
        site.impatient = True
        site.look(minutes=2)
        job = site.children["Job", site.look().role_lock_job]
        assert job["status"]["conditions"][0]["type"] == "Failed"
        assert phase(site) is Phase.RETIRING
        assert somebody.execute("SELECT 1").fetchone() == (1,)
    site.settle()
    assert phase(site) is Phase.SETTLED
    assert not signs_in(before)


def test_a_migration_that_fails_leaves_everything_with_the_passwords_of_before(site: Site) -> None:
    before = urls(site)
    site.annotations[ROTATE] = "please"
    site.failing = True
    for _ in range(3):
        site.look(seconds=20)
    assert (site.swap.phase, urls(site), len(site.pods)) == (Phase.PREPARING, before, 1)
    answers(site)
    site.failing = False
    for _ in range(3):
        site.look(minutes=2)
    site.drain()
    site.settle()
    assert not any(map(signs_in, before))
    assert all(map(signs_in, urls(site)))


def test_a_request_that_is_taken_back_leaves_no_role_behind_that_can_sign_in(site: Site) -> None:
    before = urls(site)
    site.annotations[ROTATE] = "please"
    site.failing = True
    site.look()
    coming = [site.credentials[f"NEXT_{key}"] for key in URLS]
    # A pod of the Job that was a little slower than the operator's patience.
    migration.run(site.owner, server_url=coming[0], operator_url=coming[1])
    assert all(map(signs_in, coming))
    del site.annotations[ROTATE]
    site.failing = False
    site.settle()
    assert (site.swap.phase, urls(site), len(site.pods)) == (Phase.SETTLED, before, 1)
    assert all(map(signs_in, before))
    assert not any(map(signs_in, coming))
    assert not [key for key in site.credentials if "next" in key.lower()]


@pytest.mark.parametrize("swaps", [0, 1])
def test_a_secret_that_was_lost_heals_whichever_of_the_twins_was_in_use(
    site: Site, swaps: int
) -> None:
    for number in range(swaps):
        site.annotations[ROTATE] = str(number)
        for _ in range(2):
            site.look()
        site.drain()
        site.settle()
    lost = urls(site)
    del site.secrets["main-credentials"]
    site.look()
    site.look()
    site.drain()
    site.settle()
    assert phase(site) is Phase.SETTLED
    assert all(map(signs_in, urls(site)))
    assert not any(map(signs_in, lost))
    answers(site)


def test_a_password_change_never_locks_the_operator_out(site: Site) -> None:
    def asks() -> None:
        with psycopg.connect(site.credentials["OPERATOR_DATABASE_URL"]) as connection:
            assert connection.execute("SELECT authly_api.observe_instance()").fetchone()

    for failing in (True, False):
        site.annotations[ROTATE] = f"while Jobs fail: {failing}"
        site.failing = failing
        for _ in range(4):
            site.look(minutes=2)
            asks()
            site.drain()
    assert (site.swap.phase, site.swap.current) == (Phase.SETTLED, Twin.B)
