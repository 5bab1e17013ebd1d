"""What the server's and the operator's database roles can do, and what they cannot."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest
from psycopg import conninfo, errors as pg, sql

from authly_server.storage import errors, migration
from throwaway import postgres as throwaway_postgres


_numbers = itertools.count(1)


@dataclass(frozen=True)
class Roles:
    """URLs of two roles that exist nowhere else; a role belongs to the whole cluster."""

    owner: str
    server: str
    operator: str


@pytest.fixture
def urls(postgres: throwaway_postgres.Cluster, database_url: str) -> Iterator[Roles]:
    number = next(_numbers)
    database = conninfo.conninfo_to_dict(database_url)["dbname"]
    names = [f"t{number}_server", f"t{number} operator"]  # a name that needs quoting, too
    server, operator = (
        postgres.url(str(database), user=name.replace(" ", "%20"), password="p%27w")
        for name in names
    )
    yield Roles(database_url, server, operator)
    postgres.drop_database(str(database))
    for name in names:
        postgres.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(name)))


@pytest.fixture
def granted(urls: Roles) -> Roles:
    for _ in range(2):
        migration.run(urls.owner, server_url=urls.server, operator_url=urls.operator)
    return urls


def run(url: str, statement: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchone() if cursor.description else None


@pytest.mark.parametrize(
    "statement",
    [
        'SELECT authly_api.apply_scope(\'{"name": "x", "owner": "a/b"}\', 1)',
        "SELECT authly_api.apply_client('{}', 1)",
        "SELECT authly_api.observe_client('x')",
        "SELECT authly_api.observe_scope('read')",
        "SELECT authly_api.delete_client('x', 'a/b', 1)",
        "SELECT authly_api.delete_scope('x', 'a/b', 1)",
        "SELECT authly_api.observe_instance()",
    ],
)
def test_the_operator_calls_its_functions(granted: Roles, statement: str) -> None:
    assert run(granted.operator, statement)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM authly.clients",
        "SELECT * FROM authly.users",
        "SELECT * FROM authly.schema_migrations",
        "UPDATE authly.operator_epoch SET epoch = 0",
        "SELECT authly.write_client('{}')",
        "SELECT authly.announce('client', 'x')",
        "CREATE TABLE authly_api.mine ()",
        "CREATE SCHEMA mine",
        "SET ROLE owner",
    ],
)
def test_the_operator_touches_nothing_else(granted: Roles, statement: str) -> None:
    with pytest.raises(pg.InsufficientPrivilege):
        run(granted.operator, statement)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT count(*) FROM authly.clients",
        "SELECT max(revision) FROM authly.schema_migrations",
        "DELETE FROM authly.sessions",
        "DELETE FROM authly.users",
        "UPDATE authly.users SET is_admin = false, updated_at = now()",
        "SELECT pg_advisory_xact_lock(1096111176, 3)",
        "UPDATE authly.tokens SET retries = 0",
        "INSERT INTO authly.audit_log (event) VALUES ('x')",
        "LISTEN authly_changed",
    ],
)
def test_the_server_works_with_its_rows(granted: Roles, statement: str) -> None:
    run(granted.server, statement)


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE authly.users ADD COLUMN mine int",
        "DROP TABLE authly.users",
        "TRUNCATE authly.users",
        "CREATE TABLE authly.mine ()",
        "CREATE SCHEMA mine",
        "INSERT INTO authly.schema_migrations (revision, name) VALUES (99, 'x')",
        "UPDATE authly.operator_epoch SET epoch = 0",
        "DELETE FROM authly.audit_log",
        "UPDATE authly.audit_log SET event = 'x'",
        "SELECT authly_api.observe_instance()",
        "SET ROLE owner",
    ],
)
def test_the_server_cannot_change_the_schema_nor_the_past(granted: Roles, statement: str) -> None:
    with pytest.raises(pg.InsufficientPrivilege):
        run(granted.server, statement)


def test_a_changed_password_is_taken_over(granted: Roles) -> None:
    changed = granted.server.replace("p%27w", "another")
    migration.run(granted.owner, server_url=changed, operator_url=granted.operator)
    assert run(changed, "SELECT 1") == (1,)
    with pytest.raises(psycopg.OperationalError):
        run(granted.server, "SELECT 1")


def test_no_password_reaches_the_servers_log(
    postgres: throwaway_postgres.Cluster, urls: Roles
) -> None:
    secret = urls.server.replace("p%27w", "correct-horse-battery")
    with psycopg.connect(postgres.superuser_url, autocommit=True) as connection:
        connection.execute("ALTER ROLE owner SET log_statement = 'all'")
        try:
            migration.run(urls.owner, server_url=secret)
        finally:
            connection.execute("ALTER ROLE owner RESET log_statement")
    log = (postgres.directory / "log").read_text()
    assert "CREATE ROLE" in log
    assert "correct-horse-battery" not in log


@pytest.fixture
def plain_owner(postgres: throwaway_postgres.Cluster) -> Iterator[str]:
    """A database whose owner may not create roles, as with many a managed PostgreSQL."""
    name = f"plain_{next(_numbers)}"
    role = sql.Identifier(name)
    postgres.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'p'").format(role))
    postgres.execute(sql.SQL("GRANT {} TO owner").format(role))
    postgres.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(role, role))
    yield postgres.url(name, user=name, password="p")
    postgres.drop_database(name)
    postgres.execute(sql.SQL("DROP ROLE {}").format(role))


def test_an_owner_who_may_not_create_roles_is_told_what_a_dba_must_run(
    plain_owner: str, urls: Roles
) -> None:
    with pytest.raises(errors.MigrationError, match=r'CREATE ROLE "t\d+_server" LOGIN') as raised:
        migration.run(plain_owner, server_url=urls.server)
    assert "\n" not in str(raised.value)
    assert "p'w" not in str(raised.value)


def test_roles_that_a_dba_made_are_only_granted_to(
    postgres: throwaway_postgres.Cluster, plain_owner: str, urls: Roles
) -> None:
    name = conninfo.conninfo_to_dict(urls.server)["user"]
    postgres.execute(
        sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'p''w'").format(sql.Identifier(str(name)))
    )
    migration.run(plain_owner, server_url=urls.server)
    database = conninfo.conninfo_to_dict(plain_owner)["dbname"]
    as_server = conninfo.make_conninfo(urls.server, dbname=str(database))
    assert run(as_server, "SELECT count(*) FROM authly.users") == (0,)
    postgres.drop_database(str(database))


def test_an_owner_named_as_a_role_keeps_its_password(urls: Roles) -> None:
    other = urls.owner.replace(throwaway_postgres.PASSWORD, "other")
    migration.run(urls.owner, server_url=other)
    assert run(urls.owner, "SELECT 1") == (1,)


@pytest.mark.parametrize("url", ["postgresql://host/db", "postgresql://a:hunter2@[x/db"])
def test_a_role_url_that_names_nobody_is_one_line(urls: Roles, url: str) -> None:
    with pytest.raises(errors.MigrationError, match="role's URL") as raised:
        migration.run(urls.owner, operator_url=url)
    assert "hunter2" not in str(raised.value)
