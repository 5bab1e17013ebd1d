import shutil
from pathlib import Path

import pytest

from images import progress, recipes


def key(tree: Path, name: str = "server", tag: str | None = None, base: str = "base") -> str:
    return recipes.recipe(name, tag, tree).key(base)


def test_an_unchanged_tree_keeps_its_key_wherever_it_lies(tree: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(tree, tmp_path / "copy")
    assert key(tree) == key(copy)


@pytest.mark.parametrize(
    "path",
    [
        "Dockerfile.server",
        "requirements/server.txt",
        ".dockerignore",
        "server/authly_server/__main__.py",
    ],
)
def test_a_change_of_any_input_changes_the_key(tree: Path, path: str) -> None:
    before = key(tree)
    with (tree / path).open("a") as file:
        file.write("# changed\n")
    assert key(tree) != before


def test_a_new_file_changes_the_key(tree: Path) -> None:
    before = key(tree)
    (tree / "server/authly_server/app.py").write_text("")
    assert key(tree) != before


def test_an_executable_bit_changes_the_key(tree: Path) -> None:
    before = key(tree)
    (tree / "server/authly_server/__main__.py").chmod(0o755)
    assert key(tree) != before


def test_the_base_and_the_tag_are_part_of_the_key(tree: Path) -> None:
    assert len({key(tree), key(tree, base="another"), key(tree, tag="0.1.1")}) == 3


def test_bytecode_and_the_other_program_do_not_change_the_key(tree: Path) -> None:
    before = key(tree)
    cache = tree / "server/authly_server/__pycache__"
    cache.mkdir()
    (cache / "__main__.cpython-311.pyc").write_bytes(b"bytecode")
    (tree / "operator/authly_operator/naming.py").write_text("")
    (tree / "Dockerfile.operator").write_text("FROM scratch\n")
    assert key(tree) == before


def test_the_tag_is_the_projects_version(tree: Path) -> None:
    (tree / "pyproject.toml").write_text('[project]\nversion = "7.8.9"\n')
    assert recipes.recipe("operator", None, tree).reference == "docker.io/authly/operator:7.8.9"


@pytest.mark.parametrize("tag", ["0.1.1", "authly/server:0.1.1", "docker.io/authly/server:0.1.1"])
def test_another_tag_may_be_written_bare_or_with_the_images_name(tree: Path, tag: str) -> None:
    assert recipes.recipe("server", tag, tree).reference == "docker.io/authly/server:0.1.1"


@pytest.mark.parametrize(
    "tag", ["authly/operator:0.1.1", "a b", "-x", "authly/server:", "x" * 129, "../x"]
)
def test_a_tag_that_is_none_is_refused_in_one_line(tree: Path, tag: str) -> None:
    with pytest.raises(progress.Failure, match=r"^--tag .*$"):
        recipes.recipe("server", tag, tree)


@pytest.mark.parametrize("name", recipes.UPSTREAM)
def test_an_upstream_image_keeps_its_upstream_name(name: str) -> None:
    assert recipes.recipe(name).reference == recipes.UPSTREAM[name]
    with pytest.raises(progress.Failure, match="upstream name"):
        recipes.recipe(name, "0.1.1")


def test_a_directory_that_is_no_source_tree_is_named_with_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(progress.Failure, match=r"Dockerfile\.server is missing"):
        recipes.recipe("server", None, tmp_path)
