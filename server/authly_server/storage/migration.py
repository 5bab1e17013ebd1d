"""The whole of `authly-server migrate`: schema, roles, first administrator; safe to repeat."""

from dataclasses import dataclass

from authly_server.storage import bootstrap, claim, migrate, revisions, roles
from authly_server.storage.bootstrap import Administrator, Outcome
from authly_server.storage.claim import Claimant


@dataclass(frozen=True, slots=True)
class Migrated:
    """What a run changed."""

    revision: int
    applied: tuple[int, ...]
    administrator: Outcome | None


@dataclass(frozen=True, slots=True)
class Planned:
    """What a run would change: the revision that is there, and the names of what is missing."""

    revision: int
    missing: tuple[str, ...]


def plan(url: str) -> Planned:
    """What `run` would apply to the database of `url`; reads only, and waits for nobody.

    Raises:
        MigrationError: one line that says what is wrong and holds no secret.
    """
    with migrate.connected(url) as connection:
        missing = migrate.find_missing(connection)
        revision = migrate.find_revision(connection)
    return Planned(revision, tuple(f"{item.number:04d}_{item.name}" for item in missing))


def run(
    url: str,
    *,
    server_url: str | None = None,
    operator_url: str | None = None,
    administrator: Administrator | None = None,
    extensions: tuple[str, ...] = (),
    claimant: Claimant | None = None,
) -> Migrated:
    """Bring the database of `url`, the owner's, to this program's revision.

    `server_url` and `operator_url` name the roles to ensure, passwords included; `administrator`
    is who can sign in first; `claimant` whose the database is from now on; `extensions` are
    PostgreSQL's.

    Raises:
        MigrationError: one line that says what is wrong and holds no secret.
    """
    server = roles.parse(server_url) if server_url else None
    operator = roles.parse(operator_url) if operator_url else None
    with migrate.locked(url) as connection:
        if claimant:
            claim.check(connection, claimant)
        migrate.create_extensions(connection, extensions)
        applied = migrate.upgrade(connection)
        if claimant:
            claim.take(connection, claimant)
        roles.ensure(connection, server=server, operator=operator)
        roles.check(connection, server_url, operator_url)
        ensured = (
            bootstrap.ensure_administrator(connection, administrator) if administrator else None
        )
    return Migrated(revisions.latest(), tuple(item.number for item in applied), ensured)
