"""What failed beside other parts is asked again alone, and is told of; nothing else is forgiven."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest


ROOT = Path(__file__).resolve().parents[2]
MAKEFILE = f"""
.PHONY: test-one test-other
test-one:
\t{sys.executable} -m pytest $(TEST) -q -o cache_dir=.pytest_cache/$@
test-other:
\t{sys.executable} -m pytest other -q -o cache_dir=.pytest_cache/$@
"""
CONFTEST = """
from tests import outcome
def pytest_configure(config):
    config.pluginmanager.register(outcome.Keeper())
"""
STEADY = "def test_it(): pass\n"
WRONG = "def test_it(): raise AssertionError\n"
ONCE = """
from pathlib import Path
def test_it():
    been = Path(__file__).with_suffix(".been")
    if not been.exists():
        been.touch()
        raise AssertionError
def test_beside(): pass
"""
KILLED = """
import os
def test_it(): os._exit(1)
"""
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a program in a directory with two parts, of which `one` has files of these texts."""
    (tmp_path / "Makefile").write_text(MAKEFILE)
    for part in ("one", "other"):
        (tmp_path / part).mkdir()
        (tmp_path / part / "conftest.py").write_text(CONFTEST)
    (tmp_path / "other" / "test_other.py").write_text(STEADY)

    def run(*arguments: str, **files: str) -> subprocess.CompletedProcess[str]:
        for name, text in files.items():
            (tmp_path / "one" / f"test_{name}.py").write_text(text)
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        return subprocess.run(  # noqa: S603
            arguments, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )

    return run


def ask(run: Run, **files: str) -> subprocess.CompletedProcess[str]:
    """Run both parts as `make test` does, and ask again."""
    parts = ("test-one", "test-other")
    run("make", "--keep-going", "TEST=one", *parts, **files)
    return run(sys.executable, str(ROOT / "dev" / "again"), *parts)


def unsteady(tmp_path: Path) -> str:
    return (tmp_path / "artifacts" / "unsteady.txt").read_text()


def test_a_file_that_passes_alone_is_recorded_as_unsteady(run: Run, tmp_path: Path) -> None:
    ended = ask(run, steady=STEADY, once=ONCE)
    assert ended.returncode == 0, ended.stderr
    assert unsteady(tmp_path) == "test-one one/test_once.py\n"
    assert "UNSTEADY: one/test_once.py" in ended.stderr
    assert "2 passed" in ended.stdout  # the whole file, and no other


def test_a_file_that_fails_again_fails_the_run(run: Run, tmp_path: Path) -> None:
    ended = ask(run, wrong=WRONG, once=ONCE)
    assert ended.returncode == 1
    assert not (tmp_path / "artifacts").exists()


def test_many_files_that_fail_are_no_accident(run: Run) -> None:
    ended = ask(run, **dict.fromkeys("abcde", ONCE))
    assert ended.returncode == 1
    assert "5 files have a test that failed, not 1 to 4" in ended.stderr
    assert ended.stdout == ""


def test_a_part_that_did_not_live_to_the_end_is_not_forgiven(run: Run) -> None:
    ended = ask(run, once=ONCE, killed=KILLED)
    assert ended.returncode == 1
    assert "test-one did not end" in ended.stderr


def test_a_part_that_could_not_be_read_is_not_forgiven(run: Run) -> None:
    ended = ask(run, once=ONCE, unreadable="import nothing_of_that_name\n")
    assert ended.returncode == 1
    assert "test-one ended with 2" in ended.stderr


def test_a_run_that_failed_elsewhere_than_in_a_test_is_not_forgiven(run: Run) -> None:
    ended = ask(run, steady=STEADY)
    assert ended.returncode == 1
    assert "0 files" in ended.stderr
