"""Whether a restored database can be served: a server is started on it, and a client logs in.

The server listens for as long as that takes, with secrets of its own; the client is made for it,
and goes with the database.
"""

import base64
import contextlib
import hashlib
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import IO, Any, Final
from urllib.parse import quote, urlencode, urlsplit

from authly_server import entropy
from authly_server.backup.errors import BackupError
from authly_server.storage import scratch_client


ISSUER: Final = "https://verification.invalid"
"""Where nobody has said which issuer the server has (RFC 6761: .invalid never resolves)."""
PATIENCE: Final = 60.0
"""Seconds that the server may take to answer."""
_INHERITED: Final = ("PATH", "LANG", "LD_LIBRARY_PATH", "TMPDIR")
_METADATA: Final = "/.well-known/oauth-authorization-server"
_OK: Final = 200


def check(url: str, database: str, issuer: str | None) -> None:
    """Log in through a server on that database of the PostgreSQL of `url`, which is changed by it.

    Raises:
        BackupError: the server does not start, names another issuer, or lets nobody in.
        MigrationError: the database takes no client.
    """
    url = urlsplit(url)._replace(path=f"/{quote(database)}").geturl()
    client_id = entropy.draw_token("verification-")
    secret = entropy.draw_token("")
    scratch_client.register(url, client_id, hashlib.sha256(secret.encode()).hexdigest())
    with _serving(url, issuer or ISSUER) as port:
        place = urlsplit(issuer or ISSUER).path.rstrip("/")
        metadata = _ask(port, "GET", f"{_METADATA}{place}")  # RFC 8414 section 3.1
        if metadata.get("issuer") != (issuer or ISSUER):
            message = f"a server on the restored database names the issuer {metadata.get('issuer')}"
            raise BackupError(message)
        _log_in(port, metadata, (client_id, secret))


def _log_in(port: int, metadata: dict[str, Any], client: tuple[str, str]) -> None:
    """A token by client_credentials (RFC 6749 section 4.4), which has to be active (RFC 7662)."""
    names = ("token_endpoint", "introspection_endpoint")
    token_path, introspection_path = (urlsplit(str(metadata.get(name))).path for name in names)
    token = _ask(port, "POST", token_path, client, grant_type="client_credentials")
    given = str(token.get("access_token"))
    if not _ask(port, "POST", introspection_path, client, token=given).get("active"):
        message = "a server on the restored database does not know its own token"
        raise BackupError(message)


def _ask(
    port: int, method: str, path: str, client: tuple[str, str] | None = None, **form: str
) -> dict[str, Any]:
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
    if client is not None:
        basic = base64.b64encode(":".join(client).encode()).decode()
        headers["Authorization"] = f"Basic {basic}"
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as line:
        try:
            line.request(method, path, body=urlencode(form), headers=headers)
            answer = line.getresponse()
            document = json.loads(answer.read())
        except (OSError, ValueError, http.client.HTTPException) as error:
            message = f"a server on the restored database does not answer {path}: {error}"
            raise BackupError(message) from error
    if answer.status != _OK or not isinstance(document, dict):
        message = f"a server on the restored database answers {path} with {answer.status}"
        raise BackupError(message)
    return document


@contextlib.contextmanager
def _serving(url: str, issuer: str) -> Iterator[int]:
    """The port of a server that is ready, for as long as the block lasts."""
    port = _free_port()
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    ours = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}  # wherever we were found
    environ = inherited | ours | _settings(url, issuer, port)
    with tempfile.TemporaryFile("w+") as said, _started(environ, said) as process:
        try:
            _wait(process, port, said)
            yield port
        finally:
            process.kill()


def _started(environ: dict[str, str], said: IO[str]) -> subprocess.Popen[bytes]:
    command = (sys.executable, "-m", "authly_server", "serve")
    return subprocess.Popen(command, env=environ, stdout=said, stderr=said)  # noqa: S603 - ourselves


def _settings(url: str, issuer: str, port: int) -> dict[str, str]:
    return {
        "DATABASE_URL": url,
        "ISSUER": issuer,
        "PORT": str(port),
        "METRICS_ENABLED": "false",
        "JWT_ALGORITHM": "HS256",
        "LOG_LEVEL": "error",
        **{
            name: entropy.draw_token("")
            for name in ("SECRET_KEY", "JWT_SECRET_KEY", "JWT_REFRESH_SECRET_KEY")
        },
    }


def _wait(process: subprocess.Popen[bytes], port: int, said: IO[str]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not _is_ready(port):
        if process.poll() is not None or time.monotonic() > deadline:
            said.seek(0)
            lines = said.read().strip().splitlines()
            message = f"a server on the restored database does not start: {''.join(lines[-1:])}"
            raise BackupError(message)
        time.sleep(0.1)


def _is_ready(port: int) -> bool:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as line:
        try:
            line.request("GET", "/health/ready")
            return line.getresponse().status == _OK
        except (OSError, http.client.HTTPException):
            return False


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
