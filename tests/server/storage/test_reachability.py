"""A command whose database refuses connections at first, as behind policies of the network."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from authly_server.storage import reachability
from throwaway import postgres as throwaway_postgres


ROOT = Path(__file__).parents[3]


def test_a_command_waits_for_a_database_that_refuses_at_first(
    own_cluster: throwaway_postgres.Cluster,
) -> None:
    own_cluster.stop()
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT / "server"),
        "DATABASE_URL": own_cluster.url("authly"),
    }
    with subprocess.Popen(  # the program under test
        [sys.executable, "-m", "authly_server", "maintain"],
        env=environ,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert '"database_awaited"' in process.stdout.readline()
        own_cluster.start()
        assert '"maintained"' in process.stdout.read()
        assert process.wait() == 0


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://a@nobody.invalid/authly",
        "postgresql://a@/authly?host=/nowhere",
        "postgresql://a@127.0.0.1:1,127.0.0.1:2/authly",
        "postgresql://a@127.0.0.1:port/authly",
        "no url",
    ],
)
def test_what_does_not_mend_itself_is_not_waited_for(url: str) -> None:
    told: list[str] = []
    reachability.wait(url, told.append, seconds=3600)
    assert told == []


def test_who_is_refused_all_the_time_is_told_by_the_command(
    own_cluster: throwaway_postgres.Cluster,
) -> None:
    own_cluster.stop()
    told: list[str] = []
    reachability.wait(own_cluster.url("authly"), told.append, seconds=1.2)
    assert told == [f"{own_cluster.host}:{own_cluster.port}"]
