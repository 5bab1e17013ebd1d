"""A headless Chromium of the test run's own, driven by the DevTools protocol over two pipes.

The pipes (`--remote-debugging-pipe`) open no port that other programs of the machine could find,
and need neither a driver program nor a library. Everything is synchronous: one message out, and
messages in until its answer is among them.
"""

import base64
import contextlib
import hashlib
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization


PROGRAM = "/usr/bin/chromium"
FLAGS = (
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-sandbox",  # which Chromium cannot set up as root
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    "--password-store=basic",
    "--hide-scrollbars",
    "--lang=en",
)
PATIENCE = 90.0
_NUL = b"\0"


class ProtocolError(Exception):
    """Chromium refused a command, for instance because the page has just been left."""


@dataclass
class Chromium:
    """A running browser; `directory` holds its profile and its log."""

    directory: Path
    _process: subprocess.Popen[bytes]
    _commands: int
    _answers: int
    _received: bytes = b""
    _last_id: int = 0
    events: list[dict[str, Any]] = field(default_factory=list)

    def call(self, method: str, *, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """One command of the protocol and its result.

        Raises:
            ProtocolError: the browser refused it.
            TimeoutError: it did not answer in half a minute.
        """
        self._last_id += 1
        message = {"id": self._last_id, "method": method, "params": parameters}
        self._send(message if session is None else message | {"sessionId": session})
        deadline = time.monotonic() + PATIENCE
        while (answer := self._receive(deadline)).get("id") != self._last_id:
            self.events.append(answer)
        if "error" in answer:
            raise ProtocolError(f"{method}: {answer['error']['message']}")
        result: dict[str, Any] = answer["result"]
        return result

    @property
    def log(self) -> str:
        """What it has written to its standard streams."""
        return (self.directory / "log").read_text("utf-8", "replace")

    def close(self) -> None:
        """End the browser and remove its profile."""
        with contextlib.suppress(ProtocolError, EOFError, BrokenPipeError):
            self.call("Browser.close")
        self._process.wait(timeout=PATIENCE)
        os.close(self._commands)
        os.close(self._answers)
        shutil.rmtree(self.directory, ignore_errors=True)

    def _send(self, message: dict[str, Any]) -> None:
        rest = json.dumps(message).encode() + _NUL
        while rest:
            rest = rest[os.write(self._commands, rest) :]

    def _receive(self, deadline: float) -> dict[str, Any]:
        while _NUL not in self._received:
            readable, _, _ = select.select(
                [self._answers], [], [], max(0.0, deadline - time.monotonic())
            )
            if not readable:
                raise TimeoutError("the browser does not answer")
            if not (more := os.read(self._answers, 1 << 20)):
                raise EOFError(f"the browser is gone: {self.log[-2000:]}")
            self._received += more
        text, _, self._received = self._received.partition(_NUL)
        message: dict[str, Any] = json.loads(text)
        return message


def key_digest(certificate: bytes) -> str:
    """The SHA-256 of the SubjectPublicKeyInfo of a certificate in PEM, in base64."""
    key = x509.load_pem_x509_certificate(certificate).public_key()
    encoding, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    digest = hashlib.sha256(key.public_bytes(encoding, form)).digest()
    return base64.b64encode(digest).decode("ascii")


def start(trusted_key: str) -> Chromium:
    """Start a browser that also accepts certificates for the key with that `key_digest`."""
    directory = Path(tempfile.mkdtemp(prefix="authly-chromium-"))
    for_browser, commands = os.pipe()
    answers, from_browser = os.pipe()
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603
            [
                "/usr/bin/setpriv",
                "--pdeathsig=KILL",  # ends with the test run, however that ends
                "--",
                "/bin/bash",
                "-c",
                f'exec "$@" 3<&{for_browser} 4>&{from_browser}',
                "chromium",
                PROGRAM,
                *FLAGS,
                f"--user-data-dir={directory / 'profile'}",
                f"--ignore-certificate-errors-spki-list={trusted_key}",
            ],
            pass_fds=(for_browser, from_browser),
            stdout=log,
            stderr=log,
        )
    os.close(for_browser)
    os.close(from_browser)
    return Chromium(directory, process, commands, answers)
