"""A file system of a fixed size, in memory, that is really filled."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path


_MOUNT = "/bin/mount"


@contextlib.contextmanager
def mounted(directory: Path, size: str) -> Iterator[None]:
    """It is there while the block runs; `size` as mount writes it, such as 64k."""
    options = f"size={size},mode=0755"
    subprocess.run([_MOUNT, "-t", "tmpfs", "-o", options, "tmpfs", str(directory)], check=True)  # noqa: S603
    try:
        yield
    finally:
        # Lazily: who still has a file open there does not keep it in everybody's way.
        subprocess.run(["/bin/umount", "--lazy", str(directory)], check=True)  # noqa: S603


def resize(directory: Path, size: str) -> None:
    """Give it another size."""
    subprocess.run([_MOUNT, "-o", f"remount,size={size}", str(directory)], check=True)  # noqa: S603
