"""The functions of schema authly_api, which are all that the operator's role may call.

Specs and rows are JSON objects as documented there (storage/migrations of the server). `url` is
always that of the operator's role; `epoch` that of the Lease, by which a former leader's write is
refused. Every function raises errors.Unreachable within eight seconds, and every write
errors.StaleEpoch. Connections are kept for some seconds; `close` them at the end.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final, LiteralString

import psycopg
from psycopg.types.json import Jsonb

from authly_operator.instance import errors, idle, session
from authly_operator.instance.idle import Connection
from authly_operator.observed import (
    Claimant,
    DatabaseProbe,
    Owned,
    ReplicaSeen,
    Written,
)
from authly_operator.observed_secrets import KnownSecret


READ_ONLY: Final = "it takes no writes: it is a standby, or default_transaction_read_only is on"


async def observe_instance(url: str) -> DatabaseProbe:
    """Which revision of the schema the database is at, which replicas it has, and whose it is.

    Raises:
        errors.Unreachable: also where it takes no writes, as a standby does in a failover.
    """
    statement: LiteralString = (
        "SELECT authly_api.observe_instance(), current_setting('transaction_read_only')"
    )

    async def ask(connection: Connection) -> tuple[Any, str]:
        row = await (await connection.execute(statement)).fetchone()
        answer, read_only = row or ({}, "on")
        if read_only == "on":
            raise psycopg.errors.ReadOnlySqlTransaction(READ_ONLY)
        return answer, session.version_of(connection)

    answer, version = await session.run(url, ask)
    replicas, claim = answer.get("replicas"), answer.get("claim")
    return DatabaseProbe(
        schema_revision=answer["schema_revision"],
        replicas=None if replicas is None else tuple(ReplicaSeen(**one) for one in replicas),
        claimant=claim and Claimant(**claim),
        tokens_not_before=answer.get("tokens_not_before"),
        version=version,
    )


async def observe_client(url: str, client_id: str) -> Mapping[str, Any] | None:
    """The row of a client, or None."""
    row: Mapping[str, Any] | None = await _call(
        url, "SELECT authly_api.observe_client(%s)", client_id
    )
    return row


async def is_unowned(url: str, client_id: str) -> bool:
    """Whether a client is registered that belongs to nobody, or was left by its owner for good."""
    return bool(await _call(url, "SELECT authly_api.observe_unowned(%s)", client_id))


async def observe_secrets(url: str, client_id: str) -> tuple[KnownSecret, ...]:
    """The secrets that the server takes from a client, the current one first."""
    rows = await _call(url, "SELECT authly_api.observe_secrets(%s)", client_id)
    return tuple(_secret(row) for row in rows)


async def retire_secrets(url: str, client_id: str, owner: str, current: str, epoch: int) -> Written:
    """Begin the overlap of all secrets but the one of that name: Updated, Unchanged, Absent."""
    statement: LiteralString = "SELECT authly_api.retire_secrets(%s, %s, %s, %s)"
    return await _write(url, statement, client_id, owner, current, epoch)


async def apply_client(url: str, spec: Mapping[str, Any], epoch: int) -> Written:
    """Create or update a client: Created, Updated, Unchanged, Conflict, UnknownScopes, Invalid."""
    return await _write(url, "SELECT authly_api.apply_client(%s, %s)", Jsonb(spec), epoch)


async def delete_client(url: str, client_id: str, owner: str, epoch: int) -> Written:
    """Delete a client of that owner: Deleted, Absent, Conflict."""
    statement: LiteralString = "SELECT authly_api.delete_client(%s, %s, %s)"
    return await _write(url, statement, client_id, owner, epoch)


async def observe_scope(url: str, name: str) -> Mapping[str, Any] | None:
    """The row of a scope, or None."""
    row: Mapping[str, Any] | None = await _call(url, "SELECT authly_api.observe_scope(%s)", name)
    return row


async def unknown_scopes(url: str, names: Collection[str]) -> tuple[str, ...]:
    """Which of the names no scope has, in alphabetical order."""
    if not names:
        return ()
    statement: LiteralString = (
        "SELECT coalesce(array_agg(DISTINCT name ORDER BY name), '{}')"
        " FROM unnest(%s::text[]) AS asked (name) WHERE authly_api.observe_scope(name) IS NULL"
    )
    return tuple(await _call(url, statement, list(names)))


async def apply_scope(url: str, spec: Mapping[str, Any], epoch: int) -> Written:
    """Create or update a scope: Created, Updated, Unchanged, Conflict, Invalid."""
    return await _write(url, "SELECT authly_api.apply_scope(%s, %s)", Jsonb(spec), epoch)


async def delete_scope(url: str, name: str, owner: str, epoch: int) -> Written:
    """Delete a scope of that owner: Deleted, Released (a seeded one), Absent, Conflict, InUse."""
    statement: LiteralString = "SELECT authly_api.delete_scope(%s, %s, %s)"
    return await _write(url, statement, name, owner, epoch)


async def list_owned(url: str) -> tuple[Owned, ...]:
    """The rows that are to end with their owners, by kind and name."""
    rows = await _call(url, "SELECT authly_api.list_owned()")
    return tuple(Owned(**row) for row in rows)


async def sweep(url: str, row: Owned, epoch: int) -> Written:
    """End a row whose owner is gone.

    Disabled, Deleted, Released, Unchanged, Absent, Conflict, InUse: a client is refused from then
    on, and deleted, as a scope is, an hour after its first sweep. One with the policy orphan goes
    on, and belongs to nobody.
    """
    statement: LiteralString = (
        "SELECT authly_api.sweep_client(%s, %s, %s)"
        if row.kind == "client"
        else "SELECT authly_api.sweep_scope(%s, %s, %s)"
    )
    return await _write(url, statement, row.name, row.owner, epoch)


def close() -> None:
    """Close the connections that were kept for this event loop's next call."""
    idle.here().close()


def _secret(row: Mapping[str, Any]) -> KnownSecret:
    times = ("created_at", "observed_at", "last_used_at", "retiring_since")
    moments = {key: row[key] and datetime.fromisoformat(row[key]) for key in times}
    return KnownSecret(name=row["name"], digest=row["sha256"], **moments)


async def _write(url: str, statement: LiteralString, *arguments: object) -> Written:
    try:
        answer = await _call(url, statement, *arguments)
    except errors.Unreadable as failure:
        return Written(outcome="Invalid", detail=str(failure))
    return Written(outcome=answer["outcome"], detail=answer["detail"])


async def _call(url: str, statement: LiteralString, *arguments: object) -> Any:
    """The one value that the statement answers."""

    async def ask(connection: Connection) -> Any:
        row = await (await connection.execute(statement, arguments)).fetchone()
        return row[0] if row else None

    return await session.run(url, ask)
