"""Takes TLS off before a server that speaks plain HTTP, as an ingress does; a thread of its own."""

import asyncio
import contextlib
import ssl
import threading
from dataclasses import dataclass, field


_CHUNK = 64 * 1024


@dataclass
class Proxy:
    """A listener on 127.0.0.1 for as long as it is not closed."""

    port: int
    _loop: asyncio.AbstractEventLoop = field(repr=False)
    _thread: threading.Thread = field(repr=False)
    _stop: asyncio.Event = field(repr=False)

    @property
    def url(self) -> str:
        """The origin that clients connect to."""
        return f"https://localhost:{self.port}"

    def close(self) -> None:
        """Hang up on everybody and stop listening."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(timeout=60)


def start(context: ssl.SSLContext, target_port: int) -> Proxy:
    """Listen on a free port and hand on what comes to `target_port` of 127.0.0.1."""
    ready = threading.Event()
    made: list[Proxy] = []

    async def run() -> None:
        connections: set[asyncio.Task[None]] = set()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(_serve(reader, writer, target_port))
            connections.add(task)
            task.add_done_callback(connections.discard)

        listener = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=context)
        port = int(listener.sockets[0].getsockname()[1])
        stop = asyncio.Event()
        made.append(Proxy(port, asyncio.get_running_loop(), threading.current_thread(), stop))
        ready.set()
        await stop.wait()
        listener.close()
        for task in tuple(connections):
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)

    threading.Thread(target=asyncio.run, args=(run(),), name="throwaway-tls", daemon=True).start()
    if not ready.wait(timeout=60):
        message = "the TLS proxy did not start"
        raise RuntimeError(message)
    return made[0]


async def _serve(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target_port: int
) -> None:
    try:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", target_port)
    except OSError:
        writer.close()  # the server does not run: the client sees a connection that ends
        return
    try:
        await asyncio.gather(_pump(reader, inner_writer), _pump(inner_reader, writer))
    finally:
        inner_writer.close()
        writer.close()


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, ssl.SSLError):
        while data := await source.read(_CHUNK):
            target.write(data)
            await target.drain()
    with contextlib.suppress(OSError, RuntimeError):
        target.close()
