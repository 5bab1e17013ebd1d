"""What each image is made of, and the key that changes when any of it does."""

import hashlib
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from images import progress


ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ("operator", "server")
ALL = ("postgres", *PROGRAMS)
NAMES = ("base", "redis", *ALL)
"""What can be made; Redis only where it is asked for by name, since few servers need it."""
TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
BASE = "docker.io/library/debian:bookworm-slim"
UPSTREAM = {
    "base": BASE,
    "postgres": "docker.io/library/postgres:15",
    "redis": "docker.io/library/redis:7",
}


@dataclass(frozen=True, slots=True)
class Recipe:
    """
    One image: its full reference, the Dockerfile, the build's context, and every file that counts.

    `upstream` images are pulled where a registry can be reached, and made here elsewhere.
    """

    name: str
    reference: str
    dockerfile: Path
    context: Path
    inputs: tuple[Path, ...]
    upstream: bool

    @property
    def tag(self) -> str:
        """The reference's part after the colon."""
        return self.reference.rpartition(":")[2]

    def key(self, *ingredients: str) -> str:
        """Return a hash of the reference, all input files and `ingredients` (the base's id)."""
        digest = hashlib.sha256("\0".join((self.reference, *ingredients)).encode())
        for path in sorted(file for entry in self.inputs for file in _files(entry)):
            name = path.relative_to(self.context).as_posix()
            executable = path.stat().st_mode & 0o100
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"\0{name}\0{executable}\0{content}".encode())
        return digest.hexdigest()


def recipe(name: str, tag: str | None = None, source: Path = ROOT) -> Recipe:
    """
    Return the recipe of one of `NAMES`; programs are taken from the tree `source`.

    Raises:
        Failure: there is no such tree, the tag is none, or an upstream image was to be tagged.
    """
    if name in PROGRAMS:
        return _program(name, tag, source)
    if tag:
        message = f"--tag is for {' and '.join(PROGRAMS)}; {name} carries its upstream name"
        raise progress.Failure(message)
    context = ROOT / "dev" / "images" / name
    return Recipe(name, UPSTREAM[name], context / "Dockerfile", context, (context,), upstream=True)


def _program(name: str, tag: str | None, source: Path) -> Recipe:
    dockerfile = source / f"Dockerfile.{name}"
    program = source / name / f"authly_{name}"
    lock = source / "requirements" / f"{name}.txt"
    inputs = (dockerfile, source / ".dockerignore", lock, program)
    if missing := [path for path in inputs if not path.exists()]:
        message = (
            f"{source} is no source tree of authly: {missing[0].relative_to(source)} is missing"
        )
        raise progress.Failure(message)
    reference = f"docker.io/authly/{name}:{_parse_tag(name, tag) if tag else _version(source)}"
    return Recipe(name, reference, dockerfile, source, inputs, upstream=False)


def _parse_tag(name: str, tag: str) -> str:
    """Accept `0.1.1`, `authly/server:0.1.1` and `docker.io/authly/server:0.1.1`."""
    image, colon, bare = tag.rpartition(":")
    if colon and image.removeprefix("docker.io/") != f"authly/{name}":
        message = f"--tag {tag}: the image is authly/{name}"
        raise progress.Failure(message)
    if not TAG.fullmatch(bare):
        message = f"--tag {tag}: not an image tag"
        raise progress.Failure(message)
    return bare


def _version(source: Path) -> str:
    try:
        project = tomllib.loads((source / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    except (OSError, KeyError, ValueError) as error:
        message = f"cannot read the version in {source / 'pyproject.toml'}: {error}"
        raise progress.Failure(message) from error
    return str(project["version"])


def _files(entry: Path) -> list[Path]:
    if entry.is_file():
        return [entry]
    return [
        path
        for path in entry.rglob("*")
        if path.is_file() and path.suffix != ".pyc" and "__pycache__" not in path.parts
    ]
