"""Every program of a server verifies its database by the authority that the operator mounts.

A PostgreSQL with TLS; the programs run as the kubelet starts them, with the very URLs, but for the
place of the mounted file.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.operator_desired import plans

from authly_operator.desired.plan import Plan
from authly_operator.material import database_url
from authly_operator.observed import SecretData
from throwaway import certificates, postgres as throwaway_postgres


@pytest.fixture(scope="module")
def cluster() -> Iterator[throwaway_postgres.Cluster]:
    made = throwaway_postgres.create()
    made.create_database("shop")
    yield made
    made.close()


@pytest.fixture(scope="module")
def authority(cluster: throwaway_postgres.Cluster) -> str:
    return cluster.secure()


@pytest.fixture
def plan(cluster: throwaway_postgres.Cluster, authority: str) -> Plan:
    """A server whose spec names that PostgreSQL by fields."""
    external = {
        "host": "localhost",
        "port": cluster.port,
        "name": "shop",
        "caSecretRef": {"name": "trust"},
        "credentialsSecretRef": {"name": "owner"},
    }
    owner = {"username": "owner", "password": throwaway_postgres.PASSWORD}
    secrets = {"trust": SecretData({"ca.crt": authority}), "owner": SecretData(owner)}
    spec = {**plans.MINIMAL, "database": {"external": external}, "backup": plans.DUMPS}
    return plans.plan(spec, secrets=secrets)


def environment(plan: Plan, kind: str, name: str, authority: Path) -> dict[str, str]:
    """What the container is given, with another place of the mounted file."""
    found = {(one["kind"], one["metadata"]["name"]): one for one in plans.everything(plan)}
    spec: Any = found[(kind, name)]["spec"]
    pod = (spec["jobTemplate"]["spec"] if kind == "CronJob" else spec)["template"]["spec"]
    given = {
        one["name"]: one.get("value")
        or plan.material.credentials[one["valueFrom"]["secretKeyRef"]["key"]]
        for one in pod["containers"][0]["env"]
    }
    there = {
        name: text.replace(database_url.AUTHORITY_FILE, str(authority))
        for name, text in given.items()
    }
    return {"PATH": os.environ["PATH"], "PYTHONPATH": "server", **there}


def run(command: str, environ: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603
        [sys.executable, "-m", "authly_server", command],
        cwd=Path(__file__).parents[2],
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_migration_backup_and_maintenance_verify_the_database(plan: Plan, tmp_path: Path) -> None:
    trusted = tmp_path / "ca.crt"
    trusted.write_text(plan.material.credentials[database_url.AUTHORITY])
    backups = {"BACKUP_DIRECTORY": str(tmp_path)}
    steps = [
        ("migrate", environment(plan, "Job", plan.migration_job, trusted)),
        ("backup", environment(plan, "CronJob", "main-backup", trusted) | backups),
        ("maintain", environment(plan, "CronJob", "main-maintenance", trusted)),
    ]

    for command, environ in steps:
        done = run(command, environ)
        assert done.returncode == 0, f"{command}: {done.stderr}"
    assert list(tmp_path.glob("*.gz*"))


def test_no_program_believes_a_database_of_another_authority(plan: Plan, tmp_path: Path) -> None:
    certificates.write(tmp_path)
    stranger = tmp_path / "authority.pem"
    backups = {"BACKUP_DIRECTORY": str(tmp_path)}
    steps = [
        ("migrate", environment(plan, "Job", plan.migration_job, stranger)),
        ("backup", environment(plan, "CronJob", "main-backup", stranger) | backups),
    ]

    for command, environ in steps:
        done = run(command, environ)
        assert done.returncode != 0
        assert "certificate verify failed" in done.stderr
        assert throwaway_postgres.PASSWORD not in done.stderr
