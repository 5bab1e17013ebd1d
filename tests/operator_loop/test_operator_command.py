"""`authly-operator` as the kubelet starts it: what is wrong is one line, and never a trace."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


ROOT = Path(__file__).resolve().parents[2]


def start(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the program in an environment of its own."""
    command = [sys.executable, "-m", "authly_operator", *arguments]
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "operator"), **environment}
    return subprocess.run(  # noqa: S603 - our own argv
        command, env=environ, capture_output=True, text=True, check=False, timeout=60
    )


def test_wrong_settings_end_with_2_and_a_line_each() -> None:
    ended = start(AUTHLY_NAMESPACES="Upper", AUTHLY_WORKERS="none")
    assert ended.returncode == 2
    named = {line.partition(":")[0] for line in ended.stderr.splitlines()}
    assert named == {"AUTHLY_NAMESPACES", "AUTHLY_WORKERS"}


def test_right_settings_can_be_checked_without_a_cluster() -> None:
    ended = start("--check-config", AUTHLY_NAMESPACES="auth,shop")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


@pytest.mark.parametrize("kubeconfig", ["", "/nonexistent/kubeconfig"])
def test_outside_of_a_cluster_it_ends_with_one_line(kubeconfig: str) -> None:
    ended = start(KUBECONFIG=kubeconfig, AUTHLY_HEALTH_PORT="18080", AUTHLY_METRICS_PORT="19000")
    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1
    assert ended.stderr.startswith("authly-operator: ")
