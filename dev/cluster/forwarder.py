"""From a port of the host into the cluster: listens in the host's network, dials in the node's."""

import asyncio
import contextlib
import re
import signal
import socket
import ssl
from collections.abc import Awaitable, Callable

from cluster import dns, layout, namespace, progress, refusal


CHUNK = 65536
HIGHEST_PORT = 65535


def parse_target(text: str) -> tuple[str, int]:
    """`HOST:PORT` into its parts.

    Raises:
        refusal.Refusal: it is something else.
    """
    host, _colon, port = text.rpartition(":")
    if not host or not re.fullmatch(r"[0-9]{1,5}", port) or not 0 < int(port) <= HIGHEST_PORT:
        message = f"{text!r}: a target is HOST:PORT, as in authly.default:80"
        raise refusal.Refusal(message)
    return host, int(port)


def listen(port: int) -> socket.socket:
    """A socket on the host's loopback; 0 means any free port.

    Raises:
        refusal.Refusal: the port is taken.
    """
    try:
        return socket.create_server(("127.0.0.1", port), backlog=512)
    except OSError as error:
        message = f"cannot listen on 127.0.0.1:{port}: {error.strerror}"
        raise refusal.Refusal(message) from error


def terminate_tls(place: layout.Layout) -> ssl.SSLContext:
    """TLS with the certificate for localhost that the cluster's CA signed."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    pair = place.certificates / "localhost.crt", place.certificates / "localhost.key"
    context.load_cert_chain(*pair)
    return context


def run(
    place: layout.Layout,
    listener: socket.socket,
    target: tuple[str, int],
    tls: ssl.SSLContext | None,
) -> None:
    """Forward until SIGTERM or SIGINT."""
    namespace.join(place.namespace)
    asyncio.run(_serve(listener, target, tls))


async def _serve(
    listener: socket.socket, target: tuple[str, int], tls: ssl.SSLContext | None
) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    await asyncio.start_server(_handler(target), sock=listener, ssl=tls)
    await ended.wait()


def _handler(
    target: tuple[str, int],
) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer):
            try:
                address = await asyncio.to_thread(dns.find, target[0])
                inner_reader, inner_writer = await asyncio.open_connection(address, target[1])
            except (OSError, refusal.Refusal) as error:
                progress.say(f"forward to {target[0]}:{target[1]}: {error}")
                return
            with contextlib.closing(inner_writer):
                await asyncio.gather(_pump(reader, inner_writer), _pump(inner_reader, writer))

    return handle


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy one direction and pass its end on: half-closed where the transport can, else closed."""
    with contextlib.suppress(OSError, ssl.SSLError):
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
            return
    writer.close()
