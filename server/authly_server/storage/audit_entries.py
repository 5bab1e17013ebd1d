"""The audit log, read from its end."""

import functools
from collections.abc import Mapping
from typing import Final, LiteralString

from authly_server.model.audit_entry import AuditEntry, AuditFilter
from authly_server.storage.connections import Row
from authly_server.storage.pool import Database


# Of bigint, which the key is.
LAST: Final = 2**63 - 1
_COLUMNS: LiteralString = "id, occurred_at, event, client_id, user_id, grant_id, detail"
_EQUAL: Mapping[str, LiteralString] = {
    "user_id": "user_id = %(user_id)s",
    "client_id": "client_id = %(client_id)s",
    "event": "event = %(event)s",
}
# The same, and the place in the index of that column. Said with `=` it may be planned as a look
# through the whole log by its key, since it is not known how rare the value is.
_FROM: Mapping[str, tuple[LiteralString, LiteralString]] = {
    "user_id": (
        "user_id >= %(user_id)s AND (user_id, id) < (%(user_id)s, %(before)s)",
        "user_id DESC, id DESC",
    ),
    "client_id": (
        "client_id >= %(client_id)s AND (client_id, id) < (%(client_id)s, %(before)s)",
        "client_id DESC, id DESC",
    ),
    "event": (
        "event >= %(event)s AND (event, id) < (%(event)s, %(before)s)",
        "event DESC, id DESC",
    ),
}


async def find_before(
    database: Database, before: int, limit: int, wanted: AuditFilter
) -> tuple[AuditEntry, ...]:
    """Up to `limit` entries, the youngest first, from the one before `before` on."""
    given = {name: getattr(wanted, name) for name in _EQUAL if getattr(wanted, name) is not None}
    parameters = {"before": before, "limit": limit, **given}
    return tuple(map(_read, await database.fetch_all(_statement(tuple(given)), parameters)))


@functools.cache
def _statement(names: tuple[str, ...]) -> LiteralString:
    """For those filters: the first one that there is leads to the entries, as the rarest mostly."""
    if not names:
        where, order = "id < %(before)s", "id DESC"
    else:
        where, order = _FROM[names[0]]
    others: LiteralString = "".join(f" AND {_EQUAL[name]}" for name in names[1:])
    return f"""
SELECT {_COLUMNS} FROM authly.audit_log WHERE {where}{others}
ORDER BY {order} LIMIT %(limit)s
"""  # noqa: S608  # of constants


def _read(row: Row) -> AuditEntry:
    return AuditEntry(**{name: row[name] for name in AuditEntry.__slots__})
