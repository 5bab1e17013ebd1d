import io
import json
import os
import subprocess
import sys
import tarfile
import threading
import time
from pathlib import Path

import pytest

from images import archives, debian, progress, recipes


def archive(path: Path, image_id: str) -> Path:
    manifest = json.dumps([{"Config": f"{image_id}.json", "RepoTags": [], "Layers": []}]).encode()
    with tarfile.open(path, "w") as tar:
        member = tarfile.TarInfo("manifest.json")
        member.size = len(manifest)
        tar.addfile(member, io.BytesIO(manifest))
    return path


def finished(cache: Path, tag: str, key: str, age: int) -> Path:
    partial = cache / "x.partial"
    partial.write_text(key)
    now = time.time()
    os.utime(partial, (now - age, now - age))
    path = archives.path_of("server", tag, key)
    archives.finish(partial, path)
    return path


def test_the_newest_three_archives_of_an_image_and_tag_are_kept(cache: Path) -> None:
    other = finished(cache, "0.1.1", "e" * 64, 900)
    old = [
        finished(cache, "0.1.0", digit * 64, age)
        for digit, age in (("a", 90), ("b", 80), ("c", 70))
    ]
    newest = finished(cache, "0.1.0", "d" * 64, 0)
    assert not old[0].exists()
    assert all(path.exists() for path in (*old[1:], newest, other))


def test_an_archive_that_is_used_does_not_grow_old(cache: Path) -> None:
    old = [
        finished(cache, "0.1.0", digit * 64, age)
        for digit, age in (("a", 90), ("b", 80), ("c", 70))
    ]
    assert archives.find("server", "0.1.0", "a" * 64) == old[0]
    finished(cache, "0.1.0", "d" * 64, 0)
    assert [path.exists() for path in old] == [True, False, True]


def test_an_archive_that_does_not_exist_is_not_found(cache: Path) -> None:
    assert archives.find("server", "0.1.0", "a" * 64) is None
    assert not list(cache.glob("*.tar"))


def test_the_image_id_is_read_from_the_manifest(tmp_path: Path) -> None:
    assert archives.image_id(archive(tmp_path / "a.tar", "f" * 64)) == "f" * 64


def test_a_damaged_archive_is_named_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(b"not a tar")
    with pytest.raises(progress.Failure, match=r"^.*a\.tar is no image archive.*$"):
        archives.image_id(path)


def test_a_second_build_waits_for_the_first(cache: Path, capfd: pytest.CaptureFixture[str]) -> None:
    order: list[str] = []

    def second() -> None:
        with archives.locked():
            order.append("second")

    with archives.locked():
        thread = threading.Thread(target=second)
        thread.start()
        time.sleep(0.2)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
    assert "waiting for another build" in capfd.readouterr().err
    assert cache.exists()


def images(cache: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"XDG_CACHE_HOME": str(cache.parent.parent)}
    command = [sys.executable, "dev/images", *arguments]
    return subprocess.run(  # noqa: S603
        command, cwd=recipes.ROOT, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["build", "nonsense"], 2, "invalid choice: 'nonsense'"),
        ([], 2, "required: command"),
        (["archive"], 2, "required: NAME"),
        (["build", "postgres", "--tag", "16"], 1, "error: --tag is for operator and server"),
        (["build", "server", "--source", "/nonexistent"], 1, "is no source tree of authly"),
        (["archive", "base"], 1, "base is not built as its sources are now"),
    ],
)
def test_a_wrong_call_gets_one_clear_line_and_builds_nothing(
    cache: Path, arguments: list[str], status: int, message: str
) -> None:
    done = images(cache, *arguments)
    assert done.returncode == status
    assert message in done.stderr.splitlines()[-1]
    assert not done.stdout
    assert not list(cache.glob("*.tar"))


def test_an_archive_that_is_up_to_date_is_found_in_under_a_second(cache: Path, tree: Path) -> None:
    base = recipes.recipe("base")
    made = archive(archives.path_of("base", base.tag, base.key(*debian.OPTIONS)), "f" * 64)
    server = recipes.recipe("server", None, tree)
    path = archives.path_of("server", server.tag, server.key(archives.image_id(made)))
    archive(path, "e" * 64)
    start = time.monotonic()
    done = images(cache, "build", "server", "--source", str(tree))
    assert (done.stdout, done.stderr) == (f"{path}\n", "")
    assert time.monotonic() - start < 1
    assert images(cache, "archive", "server", "--source", str(tree)).stdout == f"{path}\n"


def test_a_new_base_makes_every_archive_out_of_date(cache: Path, tree: Path) -> None:
    test_an_archive_that_is_up_to_date_is_found_in_under_a_second(cache, tree)
    archive(next(cache.glob("base_*.tar")), "d" * 64)
    done = images(cache, "archive", "server", "--source", str(tree))
    assert done.returncode == 1
    assert "server is not built" in done.stderr
