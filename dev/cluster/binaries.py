"""The cluster's own programs: Go modules beside this file, built once, cached by their hash."""

import contextlib
import dataclasses
import fcntl
import hashlib
import os
import platform
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from cluster import layout, programs, progress, refusal


GO_DOWNLOADS = "https://go.dev/dl/"


@dataclasses.dataclass(frozen=True)
class Program:
    """A Go module beside this file, and what to say while it is built."""

    name: str
    package: str
    what: str
    expected_seconds: float

    @property
    def source(self) -> Path:
        """The module's directory."""
        return layout.SOURCE / self.name


NODE = Program("node", ".", "Building Kubernetes (first time only)", 840)
DNS = Program("dns", ".", "Building CoreDNS (first time only)", 90)
HELM = Program("helm", "helm.sh/helm/v3/cmd/helm", "Building Helm (first time only)", 90)
ENFORCER = Program(
    "policies",
    "github.com/cloudnativelabs/kube-router/v2/cmd/kube-router",
    "Building kube-router (first time only)",
    180,
)
PAUSE = Program("pause", ".", "Building the pause program (first time only)", 10)


def key(program: Program) -> str:
    """What the binary depends on, hashed: go.mod, go.sum, every .go file, the architecture."""
    digest = hashlib.sha256(platform.machine().encode())
    for path in sorted(program.source.iterdir()):
        if path.name in {"go.mod", "go.sum"} or path.suffix == ".go":
            digest.update(f"\0{path.name}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def path_of(program: Program) -> Path:
    """Where the binary is or will be."""
    return layout.cache() / "bin" / f"{program.name}-{key(program)}"


def ensure(program: Program) -> Path:
    """The binary, built if it is not there yet. Two callers at once build it once.

    Raises:
        refusal.Refusal: Go is missing, too old, or the build failed.
    """
    binary = path_of(program)
    if binary.exists():
        return binary
    binary.parent.mkdir(parents=True, exist_ok=True)
    with _lock(binary.parent / f"{program.name}.lock"):
        if not binary.exists():
            _check_go(program)
            _build(program, binary)
    return binary


@contextlib.contextmanager
def _lock(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _check_go(program: Program) -> None:
    """Check that Go is there and new enough, or allowed to fetch a newer one by itself."""
    wanted = wanted_go((program.source / "go.mod").read_text())
    if programs.find("go") is None:
        message = (
            f"Go {wanted} or newer is needed: install it from {GO_DOWNLOADS} and put it on PATH"
        )
        raise refusal.Refusal(message)
    version, toolchain = programs.run("go", "env", "GOVERSION", "GOTOOLCHAIN").split("\n")[:2]
    if numbers(version) < numbers(wanted) and toolchain == "local":
        message = (
            f"{version} is too old: install Go {wanted} or newer from {GO_DOWNLOADS}, first on PATH"
        )
        raise refusal.Refusal(message)


def wanted_go(module: str) -> str:
    """The version in the `go` line of a go.mod."""
    found = re.search(r"^go (\S+)$", module, re.MULTILINE)
    return found.group(1) if found else "1.26"


def numbers(version: str) -> tuple[int, ...]:
    """The numbers of a version, to compare with: `go1.26.1` -> (1, 26, 1)."""
    return tuple(map(int, re.findall(r"\d+", version)[:3]))


def flags(module: str) -> str:
    """Linker flags: no symbols; and the version, which kubectl must be able to parse."""
    stripped = "-s -w"
    found = re.search(r"^\s*k8s\.io/kubernetes (v(\d+)\.(\d+)\.\S+)$", module, re.MULTILINE)
    if not found:
        return stripped
    values = {"gitVersion": found[1], "gitMajor": found[2], "gitMinor": found[3]}
    settings = [
        f"-X k8s.io/component-base/version.{name}={value}" for name, value in values.items()
    ]
    return " ".join([stripped, *settings])


def _build(program: Program, binary: Path) -> None:
    module = (program.source / "go.mod").read_text()
    partial = binary.with_suffix(".partial")
    log = binary.parent / f"{program.name}.log"
    command = [
        programs.get("go"),
        "build",
        "-v",
        "-trimpath",
        "-buildvcs=false",
        "-ldflags",
        flags(module),
    ]
    command += ["-o", str(partial), program.package]
    environment = os.environ | {"CGO_ENABLED": "0", "GOGC": "400", "GOWORK": "off"}
    with log.open("w") as output:
        building = subprocess.Popen(  # noqa: S603 - our own argv
            command,
            cwd=program.source,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        _watch(building, program, log)
    partial.rename(binary)


def _watch(building: subprocess.Popen[bytes], program: Program, log: Path) -> None:
    """Show progress until the build ends; `go build -v` names each package that it compiles.

    Raises:
        refusal.Refusal: the build failed.
    """
    line = progress.Line(program.what, program.expected_seconds)
    try:
        while building.poll() is None:
            line.show(f", {log.read_bytes().count(10)} packages compiled")
            time.sleep(0.5)
    finally:
        building.kill()
        building.wait()
    if building.returncode != 0:
        said = programs.last_line(log.read_text())
        message = f"building {program.name} failed: {said} (all of it: {log})"
        raise refusal.Refusal(message)
    line.finish()


def tools() -> Path:
    """The directory with `kubectl` and `helm`, built if need be, for a PATH.

    Raises:
        refusal.Refusal: as `ensure`.
    """
    node, helm = ensure(NODE), ensure(HELM)
    directory = layout.cache() / "tools" / f"{key(NODE)[:8]}{key(HELM)[:8]}"
    directory.mkdir(parents=True, exist_ok=True)
    _place(directory / "kubectl", f'#!/bin/sh\nexec "{node}" kubectl "$@"\n')
    _place(directory / "helm", f'#!/bin/sh\nexec "{helm}" "$@"\n')
    return directory


def _place(path: Path, script: str) -> None:
    """Write a script in one step, so that nobody ever runs half of it."""
    if path.exists() and path.read_text() == script:
        return
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    partial.write_text(script)
    partial.chmod(0o755)
    partial.rename(path)
