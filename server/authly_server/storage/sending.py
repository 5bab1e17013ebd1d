"""Statements that are on their way together, and what comes back for each of them."""

import asyncio
import itertools
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import errors as pg, pq
from psycopg.adapt import Transformer

from authly_server.storage.connections import Connection, Row
from authly_server.storage.statement import Statement


if TYPE_CHECKING:
    from psycopg.pq.abc import PGresult


_DONE = (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK)
# The server has forgotten a prepared statement, or what it was prepared for has changed.
_LOST = (pg.InvalidSqlStatementName, pg.FeatureNotSupported)
_names = itertools.count()

Key = tuple[bytes, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Answer:
    """The rows of a statement, and how many it changed or found."""

    rows: list[Row]
    count: int


class Prepared:
    """A statement for parameters of certain types, as one connection knows it."""

    __slots__ = ("_columns", "_loaders", "is_known", "key", "name")

    def __init__(self, key: Key, connection: Connection) -> None:
        self.key = key
        self.name = f"authly_{next(_names)}".encode()
        self.is_known = False
        self._columns: tuple[str, ...] | None = None
        self._loaders = Transformer(connection)

    def read(self, result: "PGresult") -> Answer:
        """What came back; the columns are looked at once, for they stay the same."""
        is_first = self._columns is None
        if is_first:
            names = (result.fname(number) or b"" for number in range(result.nfields))
            self._columns = tuple(name.decode() for name in names)
        self._loaders.set_pgresult(result, set_loaders=is_first)
        rows = self._loaders.load_rows(0, result.ntuples, self._row)
        return Answer(rows, result.command_tuples or 0)

    def _row(self, values: Any) -> Row:
        return dict(zip(self._columns or (), values, strict=True))


class Errand:
    """A statement and whoever waits for its answer until a deadline (of the loop's clock)."""

    __slots__ = ("answer", "deadline", "parameters", "prepared", "result", "statement")

    def __init__(
        self,
        statement: Statement,
        parameters: Mapping[str, object],
        deadline: float,
        answer: "asyncio.Future[PGresult]",
    ) -> None:
        self.statement = statement
        self.parameters = parameters
        self.deadline = deadline
        self.answer = answer
        self.prepared: Prepared | None = None
        self.result: PGresult | None = None

    async def read(self) -> Answer:
        """Wait for what comes back.

        Raises:
            errors.Unavailable: the connection broke, or the deadline passed.
            psycopg.Error: what the server says.
        """
        result = await self.answer
        if self.prepared is None or result.status not in _DONE:
            raise pg.error_from_result(result)
        return self.prepared.read(result)

    def renew(self) -> bool:
        """Be as if it had not been sent; False where nobody waits any more."""
        self.prepared = self.result = None
        return not self.answer.done()

    def settle(self) -> None:
        """Hand the result to whoever waits, if anybody does any more."""
        if not self.answer.done() and self.result is not None:
            self.answer.set_result(self.result)

    def fail(self, error: Exception) -> None:
        """Tell whoever waits why there is no result."""
        if not self.answer.done():
            self.answer.set_exception(error)


class Group:
    """Errands up to one synchronisation point: a transaction, which commits all of them or none."""

    __slots__ = ("_expected", "errands", "has_failed")

    def __init__(self) -> None:
        self.errands: list[Errand] = []
        self.has_failed = False
        # Whose each of the results is that will come.
        self._expected: deque[Errand] = deque()

    @property
    def deadline(self) -> float:
        """Of the one who has waited the longest."""
        return self.errands[0].deadline

    def expect(self, errand: Errand, results: int) -> None:
        """One more errand, for which so many results will come."""
        self.errands.append(errand)
        self._expected.extend([errand] * results)

    def gather(self, result: "PGresult") -> None:
        """Keep an errand's last result, or its first failure: the next say only that it failed.

        What comes after the last of them is why the transaction could not be committed.
        """
        errand = self._expected.popleft() if self._expected else self.errands[-1]
        if result.status not in _DONE:
            self.has_failed = True
        elif errand.prepared is not None:
            errand.prepared.is_known = True
        if errand.result is None or errand.result.status in _DONE:
            errand.result = result


def has_lost(errand: Errand) -> bool:
    """Whether the server does not know the statement as it was prepared, or never did."""
    if errand.prepared is None or errand.result is None or errand.result.status in _DONE:
        return False
    if not errand.prepared.is_known:
        return True
    return isinstance(pg.error_from_result(errand.result), _LOST)
