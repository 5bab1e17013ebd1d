"""A port where every request gets the same answer, or none at all: a service that is broken."""

import contextlib
import socket
import threading
from collections.abc import Iterator


FAILING = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"
SILENT = b""


@contextlib.contextmanager
def answering(answer: bytes) -> Iterator[int]:
    """The port; whoever gets no answer (SILENT) is let wait as long as the block lasts."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        over = threading.Event()

        def serve(connection: socket.socket) -> None:
            with connection, contextlib.suppress(OSError):
                connection.recv(65_536)
                connection.sendall(answer)
                if not answer:
                    over.wait()

        def accept() -> None:
            while True:
                connection, _ = listener.accept()
                if over.is_set():
                    connection.close()
                    return
                threading.Thread(target=serve, args=(connection,)).start()

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            over.set()
            socket.create_connection(listener.getsockname()).close()
            thread.join()
