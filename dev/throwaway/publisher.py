"""A host that publishes documents over HTTPS, well or badly, for what a server fetches.

    with contextlib.closing(publisher.start()) as host:
        host.publish("/jwks", json.dumps(keys).encode())
        host.url + "/jwks"          # https://localhost:PORT/jwks
        host.authority              # the PEM file to trust

It speaks just enough HTTP to be wrong in every way: an answer is the bytes that go over the line.
"""

import asyncio
import shutil
import ssl
import tempfile
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from throwaway import certificates


_NOTHING = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
# What goes over the line, piece by piece.
Answer = Callable[[], AsyncIterator[bytes]]


@dataclass
class Publisher:
    """A listener on 127.0.0.1 for as long as it is not closed; `asked` counts requests by path."""

    port: int
    directory: Path
    asked: Counter[str] = field(default_factory=Counter)
    bodies: list[bytes] = field(default_factory=list)
    _answers: dict[str, Answer] = field(default_factory=dict, repr=False)
    _loop: asyncio.AbstractEventLoop | None = field(default=None, repr=False)
    _stop: asyncio.Event | None = field(default=None, repr=False)
    _thread: threading.Thread | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """The origin."""
        return f"https://localhost:{self.port}"

    @property
    def authority(self) -> Path:
        """The certificate authority to trust."""
        return self.directory / "authority.pem"

    def publish(
        self,
        path: str,
        body: bytes,
        *,
        kind: str = "application/json",
        status: str = "200 OK",
        headers: Iterable[str] = (),
    ) -> str:
        """Answer GET of the path with that body from now on; the URL of it."""
        head = [
            f"HTTP/1.1 {status}",
            f"Content-Type: {kind}",
            f"Content-Length: {len(body)}",
            "Connection: close",
            *headers,
        ]
        return self.answer(path, "\r\n".join(head).encode() + b"\r\n\r\n" + body)

    def answer(self, path: str, *pieces: bytes, pause: float = 0.0) -> str:
        """Answer with exactly these bytes, so many seconds apart; the URL of it."""

        async def write() -> AsyncIterator[bytes]:
            for piece in pieces:
                yield piece
                await asyncio.sleep(pause)

        self._answers[path] = write
        return self.url + path

    def withdraw(self, path: str) -> None:
        """Answer 404 again."""
        self._answers.pop(path, None)

    def close(self) -> None:
        """Hang up on everybody and remove the certificates."""
        if self._loop is not None and self._stop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(timeout=60)
        shutil.rmtree(self.directory)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._read_and_answer(reader, writer)
            writer.close()
            async with asyncio.timeout(1):
                await writer.wait_closed()
        except (OSError, ssl.SSLError, asyncio.IncompleteReadError, TimeoutError):
            return
        finally:
            writer.transport.abort()

    async def _read_and_answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        path = head.split(b" ")[1].decode()
        self.asked[path] += 1
        if b"content-length: " in head.lower():
            size = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            self.bodies.append(await reader.readexactly(size))
        await self._write(path, writer)

    async def _write(self, path: str, writer: asyncio.StreamWriter) -> None:
        answer = self._answers.get(path)
        if answer is None:
            writer.write(_NOTHING)
            await writer.drain()
            return
        async for piece in answer():
            writer.write(piece)
            await writer.drain()

    async def _run(self, ready: threading.Event) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.directory / "server.pem", self.directory / "server.key")
        connections: set[asyncio.Task[None]] = set()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(self._serve(reader, writer))
            connections.add(task)
            task.add_done_callback(connections.discard)

        listener = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=context)
        self.port = int(listener.sockets[0].getsockname()[1])
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        ready.set()
        await self._stop.wait()
        listener.close()
        for task in tuple(connections):
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


def start() -> Publisher:
    """Listen on a free port, under a certificate for localhost."""
    directory = Path(tempfile.mkdtemp(prefix="authly-publisher-"))
    certificates.write(directory)
    made = Publisher(0, directory)
    ready = threading.Event()

    def run() -> None:
        asyncio.run(made._run(ready))  # its own thread

    made._thread = threading.Thread(target=run, name="throwaway-publisher", daemon=True)
    made._thread.start()
    if not ready.wait(timeout=60):
        message = "the publisher did not start"
        raise RuntimeError(message)
    return made
