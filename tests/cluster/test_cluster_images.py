import io
import json
import tarfile
from pathlib import Path

import pytest

from cluster import images, refusal


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("postgres:15", "docker.io/library/postgres:15"),
        ("authly/server:0.1.0", "docker.io/authly/server:0.1.0"),
        ("localhost/authly/server:0.1.0", "docker.io/authly/server:0.1.0"),
        ("localhost/postgres:15", "docker.io/library/postgres:15"),
        ("docker.io/library/postgres:15", "docker.io/library/postgres:15"),
        ("ghcr.io/x/y:1", "ghcr.io/x/y:1"),
        ("registry:5000/x:1", "registry:5000/x:1"),
    ],
)
def test_a_short_name_becomes_the_one_that_kubernetes_looks_for(name: str, full: str) -> None:
    assert images.normalise(name) == full


def test_a_made_archive_has_one_named_image_of_one_program(tmp_path: Path) -> None:
    archive = tmp_path / "a.tar"
    archive.write_bytes(images.build_archive(b"program", "a/b:1"))
    assert images.names(images.read_manifest(archive)) == ["a/b:1"]
    with tarfile.open(archive) as outer:
        (entry,) = json.load(outer.extractfile("manifest.json") or io.BytesIO())
        layer = outer.extractfile(entry["Layers"][0]) or io.BytesIO()
        with tarfile.open(fileobj=layer) as inner:
            assert [(member.name, member.mode) for member in inner] == [("program", 0o555)]


def test_the_same_program_makes_the_same_archive() -> None:
    assert images.build_archive(b"x", "a:1") == images.build_archive(b"x", "a:1")


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("no tar")
    with pytest.raises(refusal.Refusal, match="not a docker-archive"):
        images.read_manifest(tmp_path / "x")


def test_a_missing_archive_is_refused(tmp_path: Path) -> None:
    with pytest.raises(refusal.Refusal, match="No such file"):
        images.read_manifest(tmp_path / "x")


def test_an_archive_of_something_else_is_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "x", "w") as archive:
        archive.addfile(tarfile.TarInfo("something"))
    with pytest.raises(refusal.Refusal, match="not a docker-archive"):
        images.read_manifest(tmp_path / "x")


def test_an_image_without_a_name_has_none() -> None:
    assert images.names(b'[{"Config": "c", "RepoTags": null, "Layers": []}]') == []
