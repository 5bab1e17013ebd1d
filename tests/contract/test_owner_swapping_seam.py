"""The owner's password of a managed database, rotated by real Jobs in a PostgreSQL of its own.

Whoever owns it signs in at every moment by one of the URLs that its Jobs are given, wherever the
operator dies, and the database's pod is never replaced.
"""

import contextlib
from collections.abc import Callable, Iterator

import psycopg
import pytest
from tests.contract.swapping import SPEC, Died, ManagedSite

from authly_operator import naming
from authly_operator.material import owner_passwords, replication
from authly_operator.material.role_swap import Phase
from authly_server.storage import owner as owners
from throwaway import postgres as throwaway_postgres
from throwaway.postgres import signs_in


ROTATE = "authly.dev/rotate-passwords-at"
MAIN = "MIGRATION_DATABASE_URL"
ALL = (MAIN, owner_passwords.COMING_URL, owner_passwords.FORMER_URL)
DEATHS = 20


@pytest.fixture
def database() -> Iterator[throwaway_postgres.Cluster]:
    """A cluster of the test's own: its superuser gets other passwords."""
    cluster = throwaway_postgres.create()
    try:
        with psycopg.connect(cluster.superuser_url, autocommit=True) as connection:
            connection.execute("CREATE ROLE kubelet LOGIN SUPERUSER PASSWORD 'kubelet'")
            connection.execute(f"CREATE ROLE {replication.ROLE} LOGIN REPLICATION")
            connection.execute("CREATE DATABASE authly")
        yield cluster
    finally:
        cluster.close()


@pytest.fixture
def site(database: throwaway_postgres.Cluster) -> Iterator[ManagedSite]:
    """A server that serves, with a replica that streams."""
    made = ManagedSite(
        database.url("postgres", user="kubelet", password="kubelet"),
        spec={**SPEC, "database": {"managed": {"replicas": 1}}},
        place=f"{database.host}:{database.port}",
    )
    try:
        made.settle()
        assert is_settled(made)
        yield made
    finally:
        made.close()


def is_settled(site: ManagedSite) -> bool:
    return site.swap.phase is Phase.SETTLED and not (
        set(owner_passwords.KEYS) & site.credentials.keys()
    )


def urls(site: ManagedSite) -> list[str]:
    """What a Job that starts now is given."""
    return [site.reached(site.credentials[key]) for key in ALL if key in site.credentials]


def streams(site: ManagedSite, password: str) -> bool:
    return signs_in(f"postgresql://{replication.ROLE}:{password}@{site.place}/authly")


def works(site: ManagedSite) -> None:
    assert signs_in(owners.usable(*urls(site)))


def rotate(site: ManagedSite, request: str, *, looks: int = 12) -> None:
    site.annotations[ROTATE] = request
    for _ in range(looks):
        site.look(minutes=2)
        works(site)
        site.drain()


def test_the_owner_and_the_replicas_get_other_passwords_and_no_pod_is_replaced(
    site: ManagedSite,
) -> None:
    before, streamed = urls(site)[0], site.credentials[replication.PASSWORD]
    rotate(site, "please")
    after = urls(site)
    assert is_settled(site)
    assert len(after) == 1
    assert after[0] != before
    assert signs_in(after[0])
    assert not signs_in(before)
    assert streams(site, site.credentials[replication.PASSWORD])
    assert not streams(site, streamed)
    assert site.started == 1
    rotate(site, "again")
    assert is_settled(site)
    assert not signs_in(after[0])
    assert site.started == 1


def test_the_operator_may_die_before_any_write_of_a_rotation(site: ManagedSite) -> None:
    for number in range(DEATHS):
        before = urls(site)[0]
        site.lives, died = number, False
        site.annotations[ROTATE] = f"request {number}"
        for _ in range(12):
            try:
                site.look(minutes=2)
            except Died:
                site.lives, died = None, True
            works(site)
            site.drain()
        assert is_settled(site)
        assert signs_in(urls(site)[0])
        assert not signs_in(before)
        if not died:
            break
    assert 6 <= number < DEATHS - 1
    assert site.started == 1


def has_set(site: ManagedSite) -> bool:
    """Whether a Job has set the passwords, and the Secret does not know that yet."""
    return any(name.startswith(naming.role_lock("main", "")) for _, name in site.children)


def has_gone_over(site: ManagedSite) -> bool:
    """Whether the Secret has the passwords as its own, and no Job has signed in by them yet."""
    return owner_passwords.FORMER in site.credentials


@pytest.mark.parametrize("moment", [has_set, has_gone_over])
def test_a_database_that_starts_anew_in_between_has_one_of_the_passwords_that_jobs_try(
    site: ManagedSite, moment: Callable[[ManagedSite], bool]
) -> None:
    """Its container was given the password of before, whatever a Job has set meanwhile."""
    before = {**site.credentials}
    site.annotations[ROTATE] = "please"
    while not moment(site):
        site.lives = 1
        with contextlib.suppress(Died):
            site.look(minutes=2)
        site.drain()
    site.lives = None
    now, site.secrets["main-credentials"] = site.credentials, before
    site.start_database()
    site.secrets["main-credentials"] = now
    assert signs_in(urls(site)[0]) is (moment is has_set)
    rotate(site, "please")
    assert is_settled(site)
    assert signs_in(urls(site)[0])
    assert streams(site, site.credentials[replication.PASSWORD])


def test_whoever_owns_the_database_and_is_at_it_is_waited_for(site: ManagedSite) -> None:
    site.annotations[ROTATE] = "please"
    with psycopg.connect(urls(site)[0]) as backup:
        site.impatient = True
        for _ in range(6):
            site.look(minutes=2)
            site.drain()
        assert owner_passwords.COMING_URL in site.credentials
        assert signs_in(urls(site)[0])
        assert backup.execute("SELECT 1").fetchone() == (1,)
    site.impatient = False
    rotate(site, "please")
    assert is_settled(site)


def test_a_secret_that_was_lost_after_a_rotation_replaces_the_pod_once(site: ManagedSite) -> None:
    rotate(site, "please")
    del site.secrets["main-credentials"]
    site.look()
    rotate(site, "please")
    assert site.started == 2
    assert is_settled(site)
    assert signs_in(urls(site)[0])
    rotate(site, "again")
    assert is_settled(site)
    assert site.started == 2
