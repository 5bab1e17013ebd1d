"""A bucket that answers 500, hangs, or gives back less than it was given."""

import pytest
from tests.server.backup.test_backup import NAME, back_up

from authly_server.backup import bucket as backup_bucket, errors
from authly_server.backup.bucket import Bucket
from throwaway.stubborn import FAILING, SILENT, answering


SHORT = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nhalf"


def behind(port: int) -> Bucket:
    return Bucket(
        "bucket",
        endpoint=f"http://127.0.0.1:{port}",
        region="us-east-1",
        access_key_id="a",
        secret_access_key="hunter2",
        timeout=1,
    )


@pytest.fixture(autouse=True)
def little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup_bucket, "_ATTEMPTS", 2)


@pytest.mark.parametrize(("answer", "said"), [(FAILING, "500"), (SILENT, "[Tt]imeout")])
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
