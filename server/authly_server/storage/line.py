"""One connection that carries the statements of many: sent at once, answered in turn.

libpq's pipeline mode. Between two synchronisation points is one transaction: of one statement, or
of several that were wanted at the same moment and share its commit (see `Line.send`). What a
request pays is a packet there and one back, or its share of them; psycopg's own way of waiting
costs several times that, and a connection for each who waits.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import psycopg
from psycopg import pq
from psycopg.adapt import PyFormat, Transformer

from authly_server.storage import errors, sending
from authly_server.storage.connections import Connection
from authly_server.storage.sending import Errand, Group, Key, Prepared


if TYPE_CHECKING:
    from psycopg.pq.abc import PGresult


class Line:
    """A connection in pipeline mode, for as long as it lasts; `on_end` is told of its end.

    What is not answered by its deadline ends the line for all who wait: the server is silent.
    """

    def __init__(self, connection: Connection, on_end: Callable[["Line"], None]) -> None:
        self.connection = connection
        self.load = 0
        """How many statements wait for their answer."""
        self.was_used = True
        self.is_sound = True
        self.opened_at = asyncio.get_running_loop().time()
        self._loop = asyncio.get_running_loop()
        self._on_end = on_end
        self._pgconn = connection.pgconn
        self._dumpers = Transformer(connection)
        self._prepared: dict[Key, Prepared] = {}
        self._sent: deque[Group] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._is_retiring = False
        self._pgconn.enter_pipeline_mode()
        self._socket = self._pgconn.socket
        self._loop.add_reader(self._socket, self._receive)

    def send(self, errands: Sequence[Errand]) -> None:
        """Run them as one transaction, or each as one of its own if that fails.

        They need nothing of each other: what one says is the same whether the others are there.
        """
        if not self.is_sound:
            _fail(errands, "the connection is broken")
            return
        self.was_used = True
        group = Group()
        try:
            for errand in errands:
                self._queue(group, errand)
            if group.errands:
                self._pgconn.pipeline_sync()
                self._sent.append(group)
                self.load += len(group.errands)
                self._flush()
        except psycopg.OperationalError as error:
            reason = first_line(error)
            _fail(errands, reason)
            self.end(reason)
        if self._timer is None and self._sent:
            self._timer = self._loop.call_at(self._sent[0].deadline, self._watch)

    def retire(self) -> None:
        """Take no more, and end when everything is answered."""
        self._is_retiring = True
        if not self._sent:
            self._leave()

    def end(self, reason: str) -> None:
        """Be over at once and not sound any more: whoever waits gets errors.Unavailable."""
        self.is_sound = False
        self._part()
        for group in self._sent:
            _fail(group.errands, reason)
        self._sent.clear()
        self._on_end(self)

    def _queue(self, group: Group, errand: Errand) -> None:
        """Put a statement into the connection's buffer; who has no proper values is told so."""
        try:
            values = errand.statement.values(errand.parameters)
            dumped = self._dumpers.dump_sequence(values, [PyFormat.AUTO] * len(values))
        except Exception as error:  # noqa: BLE001  # raised by whoever has sent them
            errand.fail(error)
            return
        prepared, results = self._prepare((errand.statement.text, self._dumpers.types or ()))
        self._pgconn.send_query_prepared(prepared.name, dumped, self._dumpers.formats)
        errand.prepared = prepared
        group.expect(errand, results)

    def _prepare(self, key: Key) -> tuple[Prepared, int]:
        """The statement for parameters of those types, and how many results its use will have.

        It is prepared along with its first use.
        """
        prepared = self._prepared.get(key)
        if prepared is not None:
            return prepared, 1
        prepared = self._prepared[key] = Prepared(key, self.connection)
        text, types = key
        self._pgconn.send_prepare(prepared.name, text, types)
        return prepared, 2

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
            result: PGresult | None = None
            while self._sent and not self._pgconn.is_busy():
                former, result = result, self._pgconn.get_result()
                if result is not None:
                    self._take(result)
                elif former is None:
                    # None comes once, after all that there is of a statement.
                    self.end("the connection is out of step")
        except psycopg.OperationalError as error:
            self.end(first_line(error))

    def _take(self, result: "PGresult") -> None:
        if result.status == pq.ExecStatus.PIPELINE_SYNC:
            self._settle(self._sent.popleft())
        else:
            self._sent[0].gather(result)

    def _settle(self, group: Group) -> None:
        self.load -= len(group.errands)
        if group.has_failed:
            self._forget(group)
        if group.has_failed and len(group.errands) > 1:
            # Nothing was committed: each again, in a transaction of its own.
            for errand in group.errands:
                if errand.renew():
                    self.send([errand])
        else:
            for errand in group.errands:
                errand.settle()
        if self._is_retiring and self.is_sound and not self._sent:
            self._leave()

    def _forget(self, group: Group) -> None:
        """What the server does not know is prepared anew at its next use."""
        for errand in group.errands:
            if errand.prepared is not None and sending.has_lost(errand):
                self._prepared.pop(errand.prepared.key, None)

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


def _fail(errands: Sequence[Errand], reason: str) -> None:
    for errand in errands:
        errand.fail(errors.Unavailable(reason))


def first_line(error: BaseException) -> str:
    """What an error says, in one line."""
    return (str(error).splitlines() or [type(error).__name__])[0]
