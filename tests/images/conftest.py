"""
A cache of its own for pure tests; the built images, mounted, for those marked `node`.

A command of an image runs as Kubernetes would run it, by runc and without a node: read-only root
file system, every capability dropped, no new privileges, a tmpfs on /tmp. It shares the machine's
network, so that a test can connect to it on 127.0.0.1.
"""

import json
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from images import archives, build, buildah, recipes


RUNC = "/usr/sbin/runc"


@dataclass(frozen=True)
class Image:
    """A built image: its archive, its configuration, and its root file system as a directory."""

    archive: Path
    config: dict[str, Any]
    root: Path
    bundles: Path

    def run(
        self, *arguments: str, mounts: Sequence[Mapping[str, object]] = (), **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, within a minute."""
        with self.container(arguments, mounts, environment) as command:
            return subprocess.run(  # noqa: S603
                command, capture_output=True, text=True, timeout=60, check=False
            )

    @contextmanager
    def container(
        self,
        arguments: Sequence[str],
        mounts: Sequence[Mapping[str, object]],
        environment: Mapping[str, str],
    ) -> Iterator[list[str]]:
        """Yield the command line that starts a container; remove the container afterwards."""
        name = f"authly-test-{secrets.token_hex(6)}"
        bundle = self.bundles / name
        bundle.mkdir()
        subprocess.run([RUNC, "spec", "--bundle", str(bundle)], check=True)  # noqa: S603
        config = json.loads((bundle / "config.json").read_text())
        self._adapt(config, list(arguments), mounts, environment)
        (bundle / "config.json").write_text(json.dumps(config))
        try:
            yield [RUNC, "run", "--bundle", str(bundle), name]
        finally:
            subprocess.run(  # noqa: S603
                [RUNC, "delete", "--force", name], capture_output=True, check=False
            )

    def _adapt(
        self,
        config: dict[str, Any],
        arguments: list[str],
        mounts: Sequence[Mapping[str, object]],
        environment: Mapping[str, str],
    ) -> None:
        uid, gid = (int(part) for part in self.config["User"].split(":"))
        config["process"] |= {
            "terminal": False,
            "user": {"uid": uid, "gid": gid},
            "args": arguments,
            "env": [
                *self.config["Env"],
                *(f"{name}={value}" for name, value in environment.items()),
            ],
            "capabilities": {},
            "noNewPrivileges": True,
        }
        config["root"] = {"path": str(self.root), "readonly": True}
        config["mounts"] += [
            {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["mode=1777"]},  # noqa: S108
            *mounts,
        ]
        namespaces = config["linux"]["namespaces"]
        config["linux"]["namespaces"] = [each for each in namespaces if each["type"] != "network"]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return archives.directory()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A source tree of the real Dockerfiles and locks with programs that do nothing."""
    root = tmp_path / "source"
    for name in recipes.PROGRAMS:
        program = root / name / f"authly_{name}"
        program.mkdir(parents=True)
        (program / "__main__.py").write_text("def main() -> int:\n    return 0\n")
        (root / "requirements").mkdir(exist_ok=True)
        shutil.copy(recipes.ROOT / "requirements" / f"{name}.txt", root / "requirements")
        shutil.copy(recipes.ROOT / f"Dockerfile.{name}", root)
    shutil.copy(recipes.ROOT / ".dockerignore", root)
    shutil.copy(recipes.ROOT / "pyproject.toml", root)
    return root


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Image]]:
    """All images as the tree is now, by name."""
    if os.geteuid() != 0:
        pytest.skip("mounting an image takes root")
    bundles = tmp_path_factory.mktemp("bundles")
    images: dict[str, Image] = {}
    containers: list[str] = []
    try:
        for name in recipes.ALL:
            archive = build.ensure(recipes.recipe(name))
            containers.append(_buildah("from", "--pull-never", f"docker-archive:{archive}"))
            inspected = json.loads(_buildah("inspect", "--type=container", containers[-1]))
            root = Path(_buildah("mount", containers[-1]))
            images[name] = Image(archive, inspected["Docker"]["config"], root, bundles)
        yield images
    finally:
        for container in containers:
            _buildah("rm", container)


@pytest.fixture(params=recipes.ALL)
def image(request: pytest.FixtureRequest, built: dict[str, Image]) -> Image:
    """Each image in turn."""
    return built[request.param]


@pytest.fixture(params=recipes.PROGRAMS)
def program(request: pytest.FixtureRequest) -> str:
    """The name of each of our own programs in turn."""
    return str(request.param)


def _buildah(*arguments: str) -> str:
    command = buildah.command(*arguments)
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    return done.stdout.strip()
