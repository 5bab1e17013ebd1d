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


Step = tuple[list[str], dict[str, str]]


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


def environment(
    plan: Plan, kind: str, name: str, authority: Path, container: str = ""
) -> dict[str, str]:
    """What the container is given, with another place of the mounted file."""
    found = {(one["kind"], one["metadata"]["name"]): one for one in plans.everything(plan)}
    spec: Any = found[(kind, name)]["spec"]
    pod = (spec["jobTemplate"]["spec"] if kind == "CronJob" else spec)["template"]["spec"]
    given = {
        one["name"]: one.get("value")
        or plan.material.credentials[one["valueFrom"]["secretKeyRef"]["key"]]
        for part in (*pod["containers"], *pod.get("initContainers", ()))
        if part["name"] == container or (not container and part is pod["containers"][0])
        for one in part.get("env", ())
    }
    there = {
        name: text.replace(database_url.AUTHORITY_FILE, str(authority))
        for name, text in given.items()
    }
    return {"PATH": os.environ["PATH"], "PYTHONPATH": "server", **there}


def program(command: str) -> list[str]:
    return [sys.executable, "-m", "authly_server", command]


def run(command: list[str], environ: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603
        command,
        cwd=Path(__file__).parents[2],
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def backup_steps(plan: Plan, authority: Path, place: Path) -> list[Step]:
    """What the containers of a backup run, where they share directories of that place."""
    shared = {"BACKUP_DIRECTORY": str(place)}
    for name in ("order", "dump"):
        (place / name).mkdir(exist_ok=True)
        shared[f"BACKUP_{name.upper()}_DIRECTORY"] = str(place / name)
    prepare = environment(plan, "CronJob", "main-backup", authority, "prepare-backup")
    keep = environment(plan, "CronJob", "main-backup", authority)
    return [
        (program("prepare-backup"), prepare | shared),
        (["/bin/sh", str(place / "order" / "run")], {"PATH": os.environ["PATH"]}),
        (program("backup"), keep | shared),
    ]


def test_migration_backup_and_maintenance_verify_the_database(plan: Plan, tmp_path: Path) -> None:
    trusted = tmp_path / "ca.crt"
    trusted.write_text(plan.material.credentials[database_url.AUTHORITY])
    steps = [
        (program("migrate"), environment(plan, "Job", plan.migration_job, trusted)),
        *backup_steps(plan, trusted, tmp_path),
        (program("maintain"), environment(plan, "CronJob", "main-maintenance", trusted)),
    ]

    for command, environ in steps:
        done = run(command, environ)
        assert done.returncode == 0, f"{command}: {done.stderr}"
    assert list(tmp_path.glob("*.gz*"))


def test_no_program_believes_a_database_of_another_authority(plan: Plan, tmp_path: Path) -> None:
    certificates.write(tmp_path)
    stranger, trusted = tmp_path / "authority.pem", tmp_path / "ca.crt"
    trusted.write_text(plan.material.credentials[database_url.AUTHORITY])
    given = environment(plan, "Job", plan.migration_job, trusted)
    assert run(program("migrate"), given).returncode == 0
    migrate = (program("migrate"), environment(plan, "Job", plan.migration_job, stranger))
    prepare, dump, _ = backup_steps(plan, trusted, tmp_path)
    assert run(*prepare).returncode == 0
    trusted.write_bytes(stranger.read_bytes())

    for command, environ in (migrate, prepare, dump):
        done = run(command, environ)
        assert done.returncode == 1
        assert "certificate verify failed" in done.stderr
        assert throwaway_postgres.PASSWORD not in done.stderr
