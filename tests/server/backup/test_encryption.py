"""Encrypted backups: whole with their key, nothing without it, never cut off unnoticed."""

import base64
import gzip
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, strategies as st
from tests.server.backup.test_backup import NOW

from authly_server.backup import encryption, errors, job
from authly_server.backup.directory import Directory


KEY, OTHER, SALT = b"k" * 32, b"o" * 32, b"s" * 16
CHUNK = encryption.CHUNK


def sealed(plaintext: bytes, *, at_once: int = 100_000) -> bytes:
    written: list[bytes] = []
    sealing = encryption.Sealing(KEY, SALT, written.append)
    for start in range(0, len(plaintext), at_once):
        sealing.write(plaintext[start : start + at_once])
    sealing.finish()
    return b"".join(written)


def opened(ciphertext: bytes, key: bytes = KEY, *, at_once: int = 70_000) -> bytes:
    blocks = (ciphertext[start : start + at_once] for start in range(0, len(ciphertext), at_once))
    return b"".join(encryption.opened(key, blocks))


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 300_001])
def test_what_was_sealed_opens_with_its_key(size: int) -> None:
    plaintext = os.urandom(size)
    ciphertext = sealed(plaintext)
    assert opened(ciphertext) == plaintext
    assert len(ciphertext) == 64 + size + 16 * max(1, -(-size // CHUNK))


@given(st.integers(1, 200_000), st.integers(1, 200_000))
def test_the_size_of_blocks_is_nobodys_concern(writing: int, reading: int) -> None:
    plaintext = bytes(range(256)) * 600
    assert opened(sealed(plaintext, at_once=writing), at_once=reading) == plaintext


def test_another_key_is_named_as_that() -> None:
    with pytest.raises(errors.BackupError, match="another key"):
        opened(sealed(b"x"), OTHER)


def test_no_cut_goes_unnoticed() -> None:
    ciphertext = sealed(os.urandom(2 * CHUNK + 10))
    ends = [0, 15, 63, 64, 65, 64 + CHUNK, 64 + CHUNK + 16, 64 + 2 * (CHUNK + 16), -1]
    for end in ends:
        with pytest.raises(errors.BackupError):
            opened(ciphertext[:end])


def test_chunks_cannot_be_exchanged_repeated_or_added() -> None:
    ciphertext = sealed(os.urandom(3 * CHUNK))
    size = CHUNK + 16
    header, chunks = ciphertext[:64], [ciphertext[64 + n * size :][:size] for n in range(3)]
    for order in ([1, 0, 2], [0, 0, 1, 2], [0, 2], [0, 1, 2, 2]):
        with pytest.raises(errors.BackupError, match="damaged"):
            opened(header + b"".join(chunks[n] for n in order))


@pytest.mark.parametrize("place", [3, 20, 40, 70, 64 + CHUNK + 20])
def test_a_flipped_bit_is_noticed_wherever_it_is(place: int) -> None:
    ciphertext = bytearray(sealed(os.urandom(CHUNK + 100)))
    ciphertext[place] ^= 1
    with pytest.raises(errors.BackupError):
        opened(bytes(ciphertext))


@pytest.mark.parametrize("text", ["", "hunter2", base64.b64encode(b"short").decode(), "é" * 44])
def test_a_key_of_another_form_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(errors.BackupError, match="32 bytes in base64") as raised:
        encryption.parse_key(text)
    assert not text or text not in str(raised.value)


def test_a_backup_is_encrypted_by_its_command_and_decrypted_by_the_other(
    instance: str, tmp_path: Path
) -> None:
    made = job.run(
        instance,
        Directory(tmp_path),
        name="shop",
        retention_days=30,
        now=NOW,
        key=job.Key(KEY, SALT),
    )
    stored = (tmp_path / "shop-20310506T070809Z.sql.gz.enc").read_bytes()
    assert made.manifest.encrypted
    assert b"authly" not in stored[16:]
    server = Path(__file__).parents[3] / "server"
    done = subprocess.run(
        [sys.executable, "-m", "authly_server", "decrypt"],
        input=stored,
        env={"PYTHONPATH": str(server), "BACKUP_ENCRYPTION_KEY": base64.b64encode(KEY).decode()},
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert b"CREATE TABLE authly.users" in gzip.decompress(done.stdout)
