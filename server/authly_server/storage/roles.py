"""The roles that the two programs connect as, and what each of them may do."""

from dataclasses import dataclass

import psycopg
from psycopg import conninfo, errors as pg, sql

from authly_server.storage.errors import MigrationError
from authly_server.storage.migrate import Connection


@dataclass(frozen=True, slots=True)
class Role:
    """A role that may log in, with the password that its URL names."""

    name: str
    password: str | None


# PUBLIC first: a restored dump comes without privileges, so every run sets all of them.
_CLOSED = (
    "REVOKE ALL ON SCHEMA authly, authly_api FROM PUBLIC",
    "REVOKE ALL ON ALL FUNCTIONS IN SCHEMA authly, authly_api FROM PUBLIC",
)
_SERVER = (
    "GRANT USAGE ON SCHEMA authly TO {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA authly TO {role}",
    "REVOKE INSERT, UPDATE, DELETE ON authly.schema_migrations, authly.operator_epoch,"
    " authly.instance_claim FROM {role}",
    "REVOKE UPDATE, DELETE ON authly.audit_log FROM {role}",
)
_OPERATOR = (
    "GRANT USAGE ON SCHEMA authly_api TO {role}",
    "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA authly_api TO {role}",
)
_EXISTS = "SELECT 1 FROM pg_roles WHERE rolname = %s"
_CURRENT = "SELECT current_user"


def parse(url: str) -> Role:
    """The role of a connection URL.

    Raises:
        MigrationError: the URL cannot be read, or names no user.
    """
    try:
        given = conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        message = "a role's URL cannot be read"
        raise MigrationError(message) from None  # libpq's own words repeat the password
    if not given.get("user"):
        message = "a role's URL names no user"
        raise MigrationError(message)
    password = given.get("password")
    return Role(str(given["user"]), None if password is None else str(password))


def ensure(connection: Connection, *, server: Role | None, operator: Role | None) -> None:
    """Make the roles exist and hold exactly the privileges named here.

    Raises:
        MigrationError: a role is missing and the current user may not create it.
    """
    with connection.transaction():
        for statement in _CLOSED:
            connection.execute(statement)
        for role, privileges in ((server, _SERVER), (operator, _OPERATOR)):
            if role is not None and not _is_current(connection, role):
                _ensure_role(connection, role)
                for privilege in privileges:
                    _run(connection, privilege, role)


def check(connection: Connection, *urls: str | None) -> None:
    """Sign in as each role but the current one, as its program is going to.

    Raises:
        MigrationError: one cannot, mostly since a DBA made it with another password.
    """
    for url in urls:
        role = parse(url) if url else None
        if url and role and not _is_current(connection, role):
            _sign_in(url, role)


def _sign_in(url: str, role: Role) -> None:
    try:
        psycopg.connect(url, connect_timeout=10).close()
    except psycopg.Error as error:
        reason = error.diag.message_primary or " ".join(str(error).split())
        message = (
            f'the role "{role.name}" cannot sign in with the password of its URL: {reason};'
            " if this user may not change it, have a DBA do so"
        )
        raise MigrationError(message) from error


def _is_current(connection: Connection, role: Role) -> bool:
    """The owner may do everything already, and must not change its own password here."""
    return connection.execute(_CURRENT).fetchone() == (role.name,)


def _ensure_role(connection: Connection, role: Role) -> None:
    exists = connection.execute(_EXISTS, (role.name,)).fetchone() is not None
    statement = "ALTER ROLE {role} LOGIN" if exists else "CREATE ROLE {role} LOGIN"
    try:
        with connection.transaction():
            connection.execute(with_password(connection, statement, role))
    except pg.InsufficientPrivilege as error:
        if exists:
            return  # a DBA made it, and the DBA's password is the right one
        message = (
            f'the role "{role.name}" is missing and this user may not create it; have a DBA run:'
            f" CREATE ROLE \"{role.name}\" LOGIN PASSWORD '…'"
        )
        raise MigrationError(message) from error


def with_password(connection: Connection, statement: str, role: Role) -> sql.Composed:
    """The statement with a SCRAM verifier in it: the server's log never sees the password."""
    composed = sql.SQL(statement).format(role=sql.Identifier(role.name))
    if role.password is None:
        return composed
    verifier = connection.pgconn.encrypt_password(
        role.password.encode(), role.name.encode(), b"scram-sha-256"
    )
    return composed + sql.SQL(" PASSWORD {}").format(sql.Literal(verifier.decode()))


def _run(connection: Connection, statement: str, role: Role) -> None:
    connection.execute(sql.SQL(statement).format(role=sql.Identifier(role.name)))
