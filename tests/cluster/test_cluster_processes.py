import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster import processes


SLEEP = ("sleep", "60")
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True)"
)


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[int]:
    pid = processes.start(tmp_path, "sleeper", SLEEP, tmp_path / "log", tmp_path)
    yield pid
    processes.kill([pid])
    os.waitpid(pid, 0)


def test_a_started_process_is_found_by_its_name(tmp_path: Path, sleeper: int) -> None:
    assert processes.find(tmp_path, "sleeper") == sleeper
    assert processes.find(tmp_path, "sleeper", SLEEP) == sleeper
    assert processes.remembered(tmp_path) == ["sleeper"]


def test_a_process_with_other_flags_is_another_one(tmp_path: Path, sleeper: int) -> None:
    assert processes.find(tmp_path, "sleeper", ("sleep", "61")) is None
    assert processes.alive(sleeper)


def test_a_stopped_process_is_found_no_more(tmp_path: Path, sleeper: int) -> None:
    processes.stop([sleeper], 5)
    assert processes.find(tmp_path, "sleeper") is None


def test_a_pid_file_of_a_process_whose_id_was_given_away_finds_nothing(
    tmp_path: Path, sleeper: int
) -> None:
    path = tmp_path / "sleeper.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps(record | {"started": record["started"] - 1}))
    assert processes.find(tmp_path, "sleeper") is None
    assert processes.alive(sleeper)


@pytest.mark.usefixtures("sleeper")
def test_a_pid_file_of_an_earlier_boot_finds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "sleeper.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"boot": "earlier"}))
    assert processes.find(tmp_path, "sleeper") is None


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"pid": "x"}'])
def test_half_a_pid_file_finds_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / "torn.json").write_text(content)
    assert processes.find(tmp_path, "torn") is None


def test_the_mark_finds_processes_that_no_pid_file_tells_of(tmp_path: Path, sleeper: int) -> None:
    processes.forget(tmp_path, "sleeper")
    assert processes.marked(tmp_path) == {sleeper}
    assert processes.marked(tmp_path / "other") == set()


def test_a_process_that_ignores_the_request_is_killed() -> None:
    code = f"{STUBBORN}; time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as stubborn:  # noqa: S603 - ours
        assert stubborn.stdout is not None
        stubborn.stdout.readline()
        processes.stop([stubborn.pid], 0.1)
        assert stubborn.wait() == -signal.SIGKILL


def test_the_components_are_not_sent_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy")
    assert "HTTPS_PROXY" not in processes.environment(Path("/x"))
