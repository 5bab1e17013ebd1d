"""Whether access tokens may still be honoured, in one statement for all that wait to know.

Resource servers ask for each request that they get. While one statement is on its way, whoever asks
next waits for the one after it, which begins later than the question: no answer is older than what
it answers, and under load a round trip is shared by many.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from authly_server.storage import text_array
from authly_server.storage.pool import Database


MOST_AT_ONCE: Final = 200
# Each is found by an index; the rows that the arrays make are few, whatever the planner thinks.
_ARE_LIVE = """
SELECT asked.number - 1 AS number
FROM unnest(%(jtis)s::text[], %(client_ids)s::text[], %(grant_ids)s::uuid[], %(holders)s::text[],
        %(issued)s::bigint[])
    WITH ORDINALITY AS asked (jti, client_id, grant_id, holder, issued_at, number)
WHERE EXISTS (SELECT FROM authly.clients WHERE client_id = asked.client_id AND enabled)
AND NOT EXISTS (SELECT FROM authly.tokens WHERE jti = asked.jti)
AND NOT EXISTS (
    SELECT FROM authly.token_fences WHERE asked.issued_at BETWEEN refused_from AND refused_until)
AND (asked.grant_id IS NULL OR EXISTS (
    SELECT FROM authly.grants JOIN authly.users AS person ON person.id = grants.user_id
    JOIN authly.clients AS holder ON holder.id = grants.client_id
    WHERE grants.id = asked.grant_id AND holder.client_id = asked.holder
    AND grants.revoked_at IS NULL AND person.enabled AND holder.enabled))
"""


@dataclass(frozen=True, slots=True)
class Question:
    """A token whose signature and times are right; as for `tokens.is_live`."""

    jti: str
    client_id: str
    grant_id: UUID | None
    granted_to: str | None = None
    issued_at: int | None = None
    """Seconds since 1970; None where a restore took nothing back that could concern it."""


class Liveness:
    """Asks the database, one statement at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[tuple[Question, asyncio.Future[bool]]] = []
        self._asking: asyncio.Task[None] | None = None

    async def is_live(self, question: Question) -> bool:
        """Whether the token may be honoured at this moment (RFC 7662 section 2.2).

        Raises:
            errors.Unavailable: the database did not answer in time.
        """
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, answer))
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask(), name="authly-liveness")
        return await answer

    async def _ask(self) -> None:
        try:
            while self._waiting:
                asked = self._waiting[:MOST_AT_ONCE]
                del self._waiting[:MOST_AT_ONCE]
                await self._answer(asked)
        finally:
            self._asking = None

    async def _answer(self, asked: Sequence[tuple[Question, asyncio.Future[bool]]]) -> None:
        try:
            live = await _find_live(self._database, [question for question, _ in asked])
        except Exception as error:  # noqa: BLE001  # raised by everyone who asked
            # Who came meanwhile has waited for nearly as long, and would wait for as long again.
            _fail([*asked, *self._waiting], error)
            self._waiting.clear()
        else:
            for number, (_, answer) in enumerate(asked):
                if not answer.done():  # whoever asked may have hung up
                    answer.set_result(number in live)


async def _find_live(database: Database, questions: Sequence[Question]) -> frozenset[int]:
    """The places of those that are live."""
    parameters = {
        "jtis": text_array.literal([each.jti for each in questions]),
        "client_ids": text_array.literal([each.client_id for each in questions]),
        "grant_ids": text_array.literal([_text(each.grant_id) for each in questions]),
        "holders": text_array.literal([each.granted_to or each.client_id for each in questions]),
        "issued": text_array.literal([_text(each.issued_at) for each in questions]),
    }
    found = await database.fetch_all(_ARE_LIVE, parameters)
    return frozenset(row["number"] for row in found)


def _text(value: object | None) -> str | None:
    return None if value is None else str(value)


def _fail(asked: Sequence[tuple[Question, asyncio.Future[bool]]], error: Exception) -> None:
    for _, answer in asked:
        if not answer.done():
            answer.set_exception(error)
