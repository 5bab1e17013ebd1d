"""The soak of half an hour, for half a minute: nothing is lost, used twice, or left in a log."""

import os
import subprocess
import sys
from pathlib import Path


ROOT = Path(__file__).parents[3]
SOURCES = ("", "dev", "server", "operator")
FAULTS = ("database restarted", "database crashed", "process asked to end", "process killed")


def test_nothing_is_lost_or_used_twice_while_database_and_process_come_and_go() -> None:
    path = os.pathsep.join(str(ROOT / source) for source in SOURCES)
    ended = subprocess.run(
        [sys.executable, "-m", "bench.soak", "--minutes", "0.6", "--every", "6"],
        cwd=ROOT,
        env={"PATH": os.environ.get("PATH", os.defpath), "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert " 0 breaches" in ended.stdout
    # Nor did it pass because nothing went on, or nothing went wrong.
    for seen in (*FAULTS, "refresh twice at once", "code was replayed", "grant was revoked"):
        assert seen in ended.stdout, ended.stdout
