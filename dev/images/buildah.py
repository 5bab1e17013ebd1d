"""buildah, with a storage of the cache's own: nothing else on the machine is touched."""

import json
import os
import subprocess
from pathlib import Path

from images import archives, packages, progress


def command(*arguments: str) -> list[str]:
    """Return a buildah command line on the cache's own storage."""
    storage = archives.directory().parent / "containers"
    places = [f"--root={storage / 'storage'}", f"--runroot={storage / 'run'}"]
    return ["buildah", "--storage-driver=overlay", *places, *arguments]


def build(reference: str, dockerfile: Path, context: Path, log: Path, options: list[str]) -> None:
    """
    Build an image, reusing every layer whose inputs are unchanged.

    The docker format, because an OCI image has no health check. Isolation by chroot, because it
    works in every container and on every cgroup layout.

    Raises:
        Failure: a step failed.
    """
    fixed = ["--isolation=chroot", "--format=docker", "--layers", "--pull-never"]
    target = [f"--tag={reference}", f"--file={dockerfile}", str(context)]
    progress.run(command("bud", *fixed, *options, *target), log)


def pull(source: str, log: Path) -> None:
    """
    Fetch an image from a registry, or from `docker-archive:PATH`, into the storage.

    Raises:
        Failure: it could not be had.
    """
    progress.run(command("pull", source), log)


def save(reference: str, archive: Path, log: Path) -> None:
    """
    Write an image as a docker-archive under its full reference.

    Raises:
        Failure: it could not be written.
    """
    archive.unlink(missing_ok=True)
    progress.run(command("push", reference, f"docker-archive:{archive}:{reference}"), log)


def image_id(reference: str) -> str | None:
    """Return the id of an image in the storage, or None."""
    packages.need("buildah")
    inspect = command("inspect", "--type=image", reference)
    done = subprocess.run(inspect, capture_output=True, text=True, check=False)
    if done.returncode:
        return None
    return str(json.loads(done.stdout)["FromImageID"])


def discard_storage() -> None:
    """Remove all images and layers from the storage; the archives stay."""
    storage = archives.directory().parent / "containers"
    if storage.exists():
        subprocess.run(command("rmi", "--all", "--force"), capture_output=True, check=False)
        subprocess.run(["rm", "-rf", os.fspath(storage)], check=False)
