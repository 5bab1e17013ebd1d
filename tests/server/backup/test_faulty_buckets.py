"""A bucket that answers 500, hangs, or gives back less than it was given."""

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest
from tests.server.backup.test_backup import NAME, back_up

from authly_server.backup import bucket as backup_bucket, errors
from authly_server.backup.bucket import Bucket


FAILING = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"
SHORT = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nhalf"


@contextlib.contextmanager
def answering(answer: bytes) -> Iterator[int]:
    """A port where every request gets that answer, none where it is empty; then the line ends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        over = threading.Event()

        def serve() -> None:
            while not over.is_set():
                with contextlib.suppress(OSError):
                    connection, _ = listener.accept()
                    with connection:
                        connection.recv(65_536)
                        connection.sendall(answer)
                        if not answer:
                            over.wait(10)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        over.set()
        socket.create_connection(listener.getsockname()).close()
        thread.join()


def behind(port: int) -> Bucket:
    return Bucket(
        "bucket",
        endpoint=f"http://127.0.0.1:{port}",
        region="us-east-1",
        access_key_id="a",
        secret_access_key="hunter2",
    )


@pytest.fixture(autouse=True)
def little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup_bucket, "_PATIENCE", 1)
    monkeypatch.setattr(backup_bucket, "_ATTEMPTS", 2)


@pytest.mark.parametrize(("answer", "said"), [(FAILING, "500"), (b"", "[Tt]imeout")])
def test_a_bucket_that_fails_or_hangs_ends_the_backup_with_one_line(
    instance: str, answer: bytes, said: str
) -> None:
    with answering(answer) as port, pytest.raises(errors.BackupError, match=said) as raised:
        back_up(instance, behind(port))
    assert "\n" not in str(raised.value)
    assert "hunter2" not in str(raised.value)


def test_a_backup_that_comes_back_short_is_an_error_and_never_a_shorter_backup() -> None:
    with answering(SHORT) as port, pytest.raises(errors.BackupError, match="bucket bucket"):
        list(behind(port).read(NAME))
