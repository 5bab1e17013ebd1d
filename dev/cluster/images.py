"""Container images: the pause image, made here, and archives, imported under their full names."""

import hashlib
import io
import json
import platform
import tarfile
from pathlib import Path

from cluster import binaries, configuration, layout, programs, refusal


LOCAL = "localhost/"  # what buildah and podman put before a name that has no registry
UPSTREAM = "docker.io/"
SAVE = "save it with: buildah push NAME docker-archive:FILE:NAME"


def control(place: layout.Layout) -> tuple[str, ...]:
    """What to put before a command of ctr."""
    return ("ctr", "--address", str(place.containerd_socket), "--namespace", "k8s.io")


def ensure_pause(place: layout.Layout) -> None:
    """Make and import the image that holds every pod's namespaces.

    Raises:
        refusal.Refusal: its program could not be built, or containerd refused it.
    """
    if configuration.PAUSE_IMAGE in present(place):
        return
    archive = place.root / "pause.tar"
    archive.write_bytes(
        build_archive(binaries.ensure(binaries.PAUSE).read_bytes(), configuration.PAUSE_IMAGE)
    )
    load(place, archive)
    archive.unlink()


def present(place: layout.Layout) -> set[str]:
    """The names of the images that containerd has."""
    return set(programs.run(*control(place), "images", "list", "--quiet").split())


def build_archive(program: bytes, name: str) -> bytes:
    """A docker-archive of one layer with one static program, `/program`, which runs as nobody."""
    layer = _tar({"program": (program, 0o555)})
    config = {
        "architecture": _architecture(),
        "os": "linux",
        "config": {"Entrypoint": ["/program"], "User": "65535:65535"},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        "history": [{"created_by": "dev/cluster"}],
    }
    document = json.dumps(config).encode()
    config_name = f"{hashlib.sha256(document).hexdigest()}.json"
    manifest = json.dumps(
        [{"Config": config_name, "RepoTags": [name], "Layers": ["layer.tar"]}]
    ).encode()
    return _tar(
        {
            config_name: (document, 0o444),
            "layer.tar": (layer, 0o444),
            "manifest.json": (manifest, 0o444),
        }
    )


def _architecture() -> str:
    """This machine, as Go and container images call it."""
    return {"aarch64": "arm64"}.get(platform.machine(), "amd64")


def _tar(files: dict[str, tuple[bytes, int]]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, (content, mode) in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), mode
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def read_manifest(archive: Path) -> bytes:
    """The table of contents of a docker-archive: names of images, digests of what they consist of.

    Raises:
        refusal.Refusal: the file is not such an archive.
    """
    try:
        with tarfile.open(archive) as opened:
            member = opened.extractfile("manifest.json")
            return member.read() if member else b"[]"
    except OSError as error:
        message = f"{archive}: {error.strerror or error}"
        raise refusal.Refusal(message) from error
    except (tarfile.TarError, KeyError) as error:
        message = f"{archive}: not a docker-archive ({SAVE})"
        raise refusal.Refusal(message) from error


def names(manifest: bytes) -> list[str]:
    """The names in a docker-archive."""
    return [name for entry in json.loads(manifest) for name in entry.get("RepoTags") or []]


def normalise(name: str) -> str:
    """The full name that Kubernetes looks for: `postgres:15` is `docker.io/library/postgres:15`."""
    short = name.removeprefix(LOCAL)
    registry, slash, _rest = short.partition("/")
    if slash and ("." in registry or ":" in registry or registry == "localhost"):
        return short
    return f"{UPSTREAM}{short}" if slash else f"{UPSTREAM}library/{short}"


def load(place: layout.Layout, archive: Path) -> list[str]:
    """Import an archive unless it was before, and return the full names of its images.

    Raises:
        refusal.Refusal: the archive is unreadable or names no image, or containerd refused it.
    """
    manifest = read_manifest(archive)
    wanted = {name: normalise(name) for name in names(manifest)}
    if not wanted:
        message = f"{archive}: names no image ({SAVE})"
        raise refusal.Refusal(message)
    record = (
        place.root
        / "images"
        / hashlib.sha256("\n".join(sorted(wanted.values())).encode()).hexdigest()
    )
    digest = hashlib.sha256(manifest).hexdigest()
    if not (_recorded(record) == digest and set(wanted.values()) <= present(place)):
        _import(place, archive, wanted)
        record.parent.mkdir(exist_ok=True)
        record.write_text(digest)
    return sorted(wanted.values())


def _recorded(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def _import(place: layout.Layout, archive: Path, wanted: dict[str, str]) -> None:
    programs.run(*control(place), "images", "import", archive)
    for name, full in wanted.items():
        if name.startswith(LOCAL):
            programs.run(*control(place), "images", "tag", "--force", name, full)
            programs.run(*control(place), "images", "remove", name)
