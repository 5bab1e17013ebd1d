r"""Encrypted backups: a stream of sealed chunks, in the manner of age (C2SP age-encryption).

A file is

    "authly-backup/1\n"   16 bytes
    salt                  16 bytes, drawn for each file
    tag                   32 bytes: HMAC-SHA256 of the 32 bytes before, with a key of its own
    chunks                each 65,536 bytes of plaintext (the last one less), sealed by
                          ChaCha20-Poly1305 (RFC 8439), so 16 bytes longer than its plaintext

Both keys come by HKDF-SHA256 (RFC 5869) from the 32 bytes of the Secret and the salt, for "header"
and "payload". The nonce of a chunk is its number as 11 bytes, big-endian, and one byte that is 1
for the last chunk and 0 otherwise: chunks can be neither exchanged nor cut off unnoticed.
"""

import base64
import binascii
import hmac
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from authly_server.backup.errors import BackupError


MAGIC: Final = b"authly-backup/1\n"
CHUNK: Final = 65_536
KEY_BYTES: Final = 32
SALT_BYTES: Final = 16
_TAG: Final = 16
_HEADER: Final = len(MAGIC) + SALT_BYTES + 32
_DAMAGED: Final = "the backup is damaged or was cut off: a chunk of it does not decrypt"


def parse_key(text: str) -> bytes:
    """The 32 bytes of a key as base64, which `openssl rand -base64 32` prints.

    Raises:
        BackupError: it is something else; the text is not repeated.
    """
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        message = "the encryption key must be 32 bytes in base64, as `openssl rand -base64 32`"
        raise BackupError(message)
    return key


class Sealing:
    """Seals what is written to it and passes it on; `finish` seals the last chunk."""

    def __init__(self, key: bytes, salt: bytes, write: Callable[[bytes], object]) -> None:
        header = MAGIC + salt
        self._cipher = ChaCha20Poly1305(_derived(key, salt, b"payload"))
        self._write = write
        self._waiting = bytearray()
        self._number = 0
        write(header + _tag(key, salt, header))

    def write(self, block: bytes) -> int:
        """Take the next block; a whole chunk waits until it is known not to be the last."""
        self._waiting += block
        while len(self._waiting) > CHUNK:
            self._seal(bytes(self._waiting[:CHUNK]), last=False)
            del self._waiting[:CHUNK]
        return len(block)

    def flush(self) -> None:
        """Nothing leaves before its chunk is whole."""

    def finish(self) -> None:
        """Seal what is left, be it nothing, as the last chunk."""
        self._seal(bytes(self._waiting), last=True)

    def _seal(self, plaintext: bytes, *, last: bool) -> None:
        self._write(self._cipher.encrypt(_nonce(self._number, last=last), plaintext, None))
        self._number += 1


def opened(key: bytes, blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The plaintext of an encrypted file, a chunk at a time; none before it was verified.

    Raises:
        BackupError: it is not encrypted, has another key, or is damaged.
    """
    source = _Sized(blocks)
    header = source.take(_HEADER)
    if not header.startswith(MAGIC):
        message = "the backup is not encrypted in a way that this version knows"
        raise BackupError(message)
    salt, tag = header[len(MAGIC) : -32], header[-32:]
    if not hmac.compare_digest(_tag(key, salt, header[:-32]), tag):
        message = "the backup was encrypted with another key"
        raise BackupError(message)
    yield from _chunks(ChaCha20Poly1305(_derived(key, salt, b"payload")), source)


def _chunks(cipher: ChaCha20Poly1305, source: "_Sized") -> Iterator[bytes]:
    number, sealed = 0, source.take(CHUNK + _TAG)
    while True:
        following = source.take(CHUNK + _TAG)
        try:
            yield cipher.decrypt(_nonce(number, last=not following), sealed, None)
        except InvalidTag:
            raise BackupError(_DAMAGED) from None
        if not following:
            return
        number, sealed = number + 1, following


class _Sized:
    """Blocks of any size as pieces of a given one."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = iter(blocks)
        self._waiting = bytearray()

    def take(self, size: int) -> bytes:
        """That many bytes, fewer at the end."""
        while len(self._waiting) < size and (block := next(self._blocks, None)) is not None:
            self._waiting += block
        taken = bytes(self._waiting[:size])
        del self._waiting[:size]
        return taken


def _derived(key: bytes, salt: bytes, use: bytes) -> bytes:
    return HKDF(hashes.SHA256(), KEY_BYTES, salt, MAGIC + use).derive(key)


def _tag(key: bytes, salt: bytes, header: bytes) -> bytes:
    return hmac.digest(_derived(key, salt, b"header"), header, "sha256")


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])
