"""The audit log, the youngest entry first."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from authly_server.model.audit_entry import AuditEntry, AuditFilter
from authly_server.protocol import errors, page
from authly_server.storage import audit_entries
from authly_server.web.admin import content, keyset
from authly_server.web.admin.operation import Call, Shape
from authly_server.web.response import Response


FILTERS = {
    "event": "Only those of that event",
    "user_id": "Only those about that user",
    "client_id": "Only those about that client",
}


class Entry(Shape):
    """What happened to whom; user, client and grant may be gone since."""

    id: int
    occurred_at: datetime
    event: str
    client_id: str | None
    user_id: UUID | None
    grant_id: UUID | None
    detail: Mapping[str, Any]
    """More about the event; `by` says who asked for it here."""


async def find_all(call: Call[Shape]) -> Response:
    """GET /audit."""
    wanted = AuditFilter(
        call.filters.get("event"), call.filters.get("client_id"), _user_id(call.filters)
    )
    found = await audit_entries.find_before(
        call.services.database, _before(call.page.after), call.page.limit + 1, wanted
    )
    return content.answer_list(call.page, found, _show, lambda entry: str(entry.id))


def _before(after: str | None) -> int:
    if after is None:
        return audit_entries.LAST
    number = int(after) if after.isascii() and after.isdecimal() and len(after) < 20 else 0  # noqa: PLR2004  # digits of a bigint
    if not 0 < number <= audit_entries.LAST or str(number) != after:
        raise page.not_a_cursor()
    return number


def _user_id(filters: Mapping[str, str]) -> UUID | None:
    text = filters.get("user_id")
    found = None if text is None else keyset.parse(text)
    if found is None and text is not None:
        raise errors.invalid_request("user_id is not the id of a user")
    return found


def _show(entry: AuditEntry) -> Entry:
    return content.show(Entry, entry)
