"""A fork of the imported server is a process like one that was started whole."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from throwaway import instance as throwaway_instance, nursery as nurseries
from throwaway.nursery import Nursery


def test_it_has_the_environment_that_it_is_given_and_no_more(
    forks: Nursery, tmp_path: Path
) -> None:
    out, err = tmp_path / "out", tmp_path / "err"
    environ = {"SMTP_HOST": "", "PORT": "x", "LOG_LEVEL": "loud"}
    assert forks.start(["check-config"], environ, out, err).wait(30) == 2
    assert out.read_text() == ""
    named = [line.split(":")[0] for line in err.read_text().splitlines()]
    assert {"PORT", "LOG_LEVEL", "DATABASE_URL"} <= set(named)


def test_it_takes_other_arguments_and_ends_as_the_program_does(
    forks: Nursery, tmp_path: Path
) -> None:
    out, err = tmp_path / "out", tmp_path / "err"
    assert forks.start(["--help"], {}, out, err).wait(30) == 0
    assert "authly-server" in out.read_text()
    assert forks.start(["destroy"], {}, out, err).wait(30) == 2
    assert "invalid choice" in err.read_text()


def test_its_signal_is_its_exit_code_and_who_waits_too_short_is_told(database_url: str) -> None:
    with throwaway_instance.running(database_url) as running:
        server = running.server
        assert server._process is not None
        with pytest.raises(subprocess.TimeoutExpired):
            server._process.wait(0.01)
        server._process.kill()
        assert server._process.wait(30) == -9


def test_one_that_begins_suspended_takes_its_first_step_when_it_is_told_to(
    forks: Nursery, tmp_path: Path
) -> None:
    out, err = tmp_path / "out", tmp_path / "err"
    process = forks.start(["--help"], {}, out, err, suspended=True)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.3)
    assert out.read_text() == ""
    os.kill(process.pid, signal.SIGCONT)
    assert process.wait(30) == 0
    assert out.read_text() != ""


def test_one_that_is_killed_at_once_has_said_nothing(forks: Nursery, tmp_path: Path) -> None:
    for number in range(20):
        out, err = tmp_path / f"out{number}", tmp_path / f"err{number}"
        process = forks.start(["--help"], {}, out, err, suspended=True)
        process.kill()
        assert process.wait(30) == -9
        assert out.read_text() == err.read_text() == ""


def test_none_outlives_the_one_that_it_is_a_fork_of(database_url: str) -> None:
    with nurseries.forking() as forking, throwaway_instance.running(database_url) as running:
        process = Path(f"/proc/{running.server.process_id}")
        forking.close()
        deadline = time.monotonic() + 60
        while process.exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
