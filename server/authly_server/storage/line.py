"""One connection that carries the statements of many: sent at once, answered in turn.

libpq's pipeline mode, with a synchronisation point after each statement: every statement is a
transaction of its own, and whoever waits behind one that fails is not touched by that. What a
request pays is one packet there and one back; psycopg's own way of waiting costs several times
that, and a connection for each who waits.
"""

import asyncio
import itertools
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import errors as pg, pq
from psycopg.adapt import PyFormat, Transformer

from authly_server.storage import errors
from authly_server.storage.connections import Connection, Row
from authly_server.storage.statement import Statement


if TYPE_CHECKING:
    from psycopg.pq.abc import PGresult


_DONE = (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK)
# The server has forgotten a prepared statement, or what it was prepared for has changed.
_LOST = (pg.InvalidSqlStatementName, pg.FeatureNotSupported)
_names = itertools.count()


@dataclass(frozen=True, slots=True)
class Answer:
    """The rows of a statement, and how many it changed or found."""

    rows: list[Row]
    count: int


class _Prepared:
    """A statement for parameters of certain types, as this connection knows it."""

    __slots__ = ("_columns", "_loaders", "is_known", "key", "name")

    def __init__(self, key: tuple[bytes, tuple[int, ...]], connection: Connection) -> None:
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
        return Answer(self._loaders.load_rows(0, result.ntuples, self._row), _count(result))

    def _row(self, values: Any) -> Row:
        return dict(zip(self._columns or (), values, strict=True))


class _Sent:
    """A statement that is on its way."""

    __slots__ = ("answer", "deadline", "prepared", "result")

    def __init__(
        self, prepared: _Prepared, deadline: float, answer: "asyncio.Future[PGresult]"
    ) -> None:
        self.prepared = prepared
        self.deadline = deadline
        self.answer = answer
        self.result: PGresult | None = None

    def gather(self, result: "PGresult") -> None:
        """Keep the last result, or the first failure: what follows it says only that it failed."""
        if result.status in _DONE:
            self.prepared.is_known = True
        if self.result is None or self.result.status in _DONE:
            self.result = result

    def settle(self) -> None:
        """Hand the result to whoever waits, if anybody does any more."""
        if not self.answer.done() and self.result is not None:
            self.answer.set_result(self.result)


class Line:
    """A connection in pipeline mode, for as long as it lasts; `on_end` is told of its end.

    What is not answered by its deadline ends the line for all who wait: the server is silent.
    """

    def __init__(self, connection: Connection, on_end: Callable[["Line"], None]) -> None:
        self.connection = connection
        self.was_used = True
        self.is_sound = True
        self.opened_at = asyncio.get_running_loop().time()
        self._loop = asyncio.get_running_loop()
        self._on_end = on_end
        self._pgconn = connection.pgconn
        self._dumpers = Transformer(connection)
        self._prepared: dict[tuple[bytes, tuple[int, ...]], _Prepared] = {}
        self._sent: deque[_Sent] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._is_retiring = False
        self._pgconn.enter_pipeline_mode()
        self._socket = self._pgconn.socket
        self._loop.add_reader(self._socket, self._receive)

    @property
    def load(self) -> int:
        """How many statements wait for their answer."""
        return len(self._sent)

    async def run(
        self, statement: Statement, parameters: Mapping[str, object], deadline: float
    ) -> Answer:
        """Run one statement as a transaction of its own, and answer its rows.

        Raises:
            errors.Unavailable: the connection broke, or the deadline (of the loop's clock) passed.
            psycopg.Error: what the server says.
        """
        sent = self._send(statement, parameters, deadline)
        result = await sent.answer
        if result.status in _DONE:
            return sent.prepared.read(result)
        error = pg.error_from_result(result)
        if not sent.prepared.is_known or isinstance(error, _LOST):
            self._prepared.pop(sent.prepared.key, None)
        raise error

    def retire(self) -> None:
        """Take no more, and end when everything is answered."""
        self._is_retiring = True
        if not self._sent:
            self._leave()

    def end(self, reason: str) -> None:
        """Be over at once and not sound any more: whoever waits gets errors.Unavailable."""
        self.is_sound = False
        self._part()
        for sent in self._sent:
            if not sent.answer.done():
                sent.answer.set_exception(errors.Unavailable(reason))
        self._sent.clear()
        self._on_end(self)

    def _send(
        self, statement: Statement, parameters: Mapping[str, object], deadline: float
    ) -> _Sent:
        self.was_used = True
        values = statement.values(parameters)
        dumped = self._dumpers.dump_sequence(values, [PyFormat.AUTO] * len(values))
        try:
            prepared = self._prepare((statement.text, self._dumpers.types or ()))
            self._pgconn.send_query_prepared(prepared.name, dumped, self._dumpers.formats)
            self._pgconn.pipeline_sync()
            self._flush()
        except psycopg.OperationalError as error:
            reason = first_line(error)
            self.end(reason)
            raise errors.Unavailable(reason) from error
        sent = _Sent(prepared, deadline, self._loop.create_future())
        self._sent.append(sent)
        if self._timer is None:
            self._timer = self._loop.call_at(deadline, self._watch)
        return sent

    def _prepare(self, key: tuple[bytes, tuple[int, ...]]) -> _Prepared:
        """The statement for parameters of those types, prepared along with its first use."""
        prepared = self._prepared.get(key)
        if prepared is None:
            prepared = self._prepared[key] = _Prepared(key, self.connection)
            text, types = key
            self._pgconn.send_prepare(prepared.name, text, types)
        return prepared

    def _flush(self) -> None:
        """Write what the socket takes now, and the rest when it takes more."""
        if self._pgconn.flush():
            self._loop.add_writer(self._socket, self._write)

    def _write(self) -> None:
        try:
            if not self._pgconn.flush():
                self._loop.remove_writer(self._socket)
        except psycopg.OperationalError as error:
            self.end(first_line(error))

    def _receive(self) -> None:
        try:
            self._pgconn.consume_input()
            while self._sent and not self._pgconn.is_busy():
                # None comes once between a statement's result and its synchronisation point.
                self._take(self._pgconn.get_result() or self._pgconn.get_result())
        except psycopg.OperationalError as error:
            self.end(first_line(error))

    def _take(self, result: "PGresult | None") -> None:
        if result is None:
            self.end("the connection is out of step")
        elif result.status == pq.ExecStatus.PIPELINE_SYNC:
            self._sent.popleft().settle()
            if self._is_retiring and not self._sent:
                self._leave()
        else:
            self._sent[0].gather(result)

    def _watch(self) -> None:
        """At the deadline of a statement: look at the one that waits the longest now."""
        self._timer = None
        if not self._sent:
            return
        if self._sent[0].deadline <= self._loop.time():
            self.end("no answer in time")
        else:
            self._timer = self._loop.call_at(self._sent[0].deadline, self._watch)

    def _leave(self) -> None:
        self._part()
        self._pgconn.exit_pipeline_mode()
        self._on_end(self)

    def _part(self) -> None:
        """Let the loop forget the socket."""
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)
        if self._timer is not None:
            self._timer.cancel()


def first_line(error: BaseException) -> str:
    """What an error says, in one line."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def _count(result: "PGresult") -> int:
    return result.command_tuples or 0
