"""Certificate authorities of databases as files, which are all that libpq reads them from."""

import contextlib
import functools
import hashlib
import os
import tempfile
from pathlib import Path
from urllib.parse import quote


def rooted(url: str, pem: str | None) -> str:
    """The URL with a file of ours that holds the certificates; as it is where there are none.

    The file's name tells its content, so that a connection that is kept for a URL never outlives
    what it was verified by.
    """
    if not pem:
        return url
    separator = "&" if "?" in url else "?"  # of two parameters of a name libpq takes the later one
    return f"{url}{separator}sslrootcert={quote(str(_file(pem)))}"


def _file(pem: str) -> Path:
    path = Path(_directory().name) / f"{hashlib.sha256(pem.encode()).hexdigest()[:32]}.crt"
    if not path.exists():
        _write(path, pem)
    return path


@functools.cache
def _directory() -> "tempfile.TemporaryDirectory[str]":
    """One for the life of the process, which nobody else may enter."""
    return tempfile.TemporaryDirectory(prefix="authly-database-ca-")


def _write(path: Path, pem: str) -> None:
    """Never half a file under its name."""
    descriptor, unfinished = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(pem)
        Path(unfinished).replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            Path(unfinished).unlink()
        raise
