"""What all pods together weigh, in the files of either version of cgroups."""

from pathlib import Path

import pytest

from cluster import weight


@pytest.mark.parametrize(
    ("hierarchy", "file", "wanted"),
    [
        pytest.param("cpu", "cpu.shares", "8192", id="version 1"),
        pytest.param(".", "cpu.weight", "800", id="version 2"),
    ],
)
def test_it_is_that_of_eight_others(tmp_path: Path, hierarchy: str, file: str, wanted: str) -> None:
    group = tmp_path / hierarchy / "k8s.io"
    group.mkdir(parents=True)
    (group.parent / "cgroup.procs").touch()
    (group / file).write_text("1")
    weight.raise_pods(tmp_path)
    assert (group / file).read_text() == wanted


def test_a_machine_without_such_files_is_left_as_it_is(tmp_path: Path) -> None:
    weight.raise_pods(tmp_path)
    assert list(tmp_path.iterdir()) == []
