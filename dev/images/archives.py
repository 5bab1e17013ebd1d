"""
The cache of finished images: docker-archive tars, named by image, tag and the hash of all inputs.

They lie in ${XDG_CACHE_HOME:-~/.cache}/authly/images/. An archive appears under its name only when
it is complete, and of each image and tag the newest three are kept.
"""

import fcntl
import json
import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from images import progress


KEPT = 3


def directory() -> Path:
    """Return the cache's directory, made if need be."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    path = Path(cache).absolute() / "authly" / "images"
    path.mkdir(parents=True, exist_ok=True)
    return path


def path_of(name: str, tag: str, key: str) -> Path:
    """Return where the archive of this image, tag and key lies, or would lie."""
    return directory() / f"{name}_{tag}_{key[:16]}.tar"


def find(name: str, tag: str, key: str) -> Path | None:
    """Return the archive if it exists, and mark it as used, so that it is not removed as old."""
    path = path_of(name, tag, key)
    try:
        os.utime(path)
    except FileNotFoundError:
        return None
    return path


def finish(partial: Path, path: Path) -> None:
    """Give a complete archive its name, and remove what is older than the newest three."""
    partial.replace(path)
    stem = path.name.rpartition("_")[0]
    archives = sorted(directory().glob(f"{stem}_*.tar"), key=_age)
    for old in archives[KEPT:]:
        old.unlink(missing_ok=True)


def image_id(archive: Path) -> str:
    """
    Return the image's id, 64 hexadecimal digits, as the archive's manifest names it.

    Raises:
        Failure: the file is no docker-archive.
    """
    try:
        with tarfile.open(archive) as tar:
            manifest = tar.extractfile("manifest.json")
            config: str = json.load(manifest)[0]["Config"] if manifest else ""
    except (OSError, tarfile.TarError, KeyError, ValueError) as error:
        message = f"{archive} is no image archive ({type(error).__name__}); remove it and try again"
        raise progress.Failure(message) from error
    return Path(config).name.removesuffix(".json")


@contextmanager
def locked() -> Iterator[None]:
    """Hold the cache's lock: one build at a time, whoever started it."""
    with (directory() / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.say("waiting for another build of images to end ...")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _age(path: Path) -> int:
    return -path.stat().st_mtime_ns
