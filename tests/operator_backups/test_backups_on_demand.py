"""An AuthlyBackup becomes one backup, whatever happens to the operator or the pod meanwhile."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.operator_backups import home as homes
from tests.operator_backups.home import Home, why
from tests.operator_backups.job_pods import JobPods
from tests.operator_faults.kubernetes_api import Object, wait_until
from tests.operator_faults.world import World


@pytest.fixture(scope="module")
def home(world: World, pods: JobPods) -> Iterator[Home]:
    with homes.home(world, pods, "demand") as made:
        yield made


def test_a_backup_that_is_asked_for_is_made_and_described(home: Home) -> None:
    status = home.back_up("first")["status"]
    claim, _, file_name = status["location"].removeprefix("pvc://").partition("/")
    written = (home.files / file_name).read_bytes()
    assert (status["phase"], claim) == ("Succeeded", homes.CLAIM)
    assert status["size"] == len(written)
    assert status["sha256"] == hashlib.sha256(written).hexdigest()
    assert status["postgresVersion"].startswith("15")
    assert status["schemaRevision"] == home.get("AuthlyServer")["status"]["schemaRevision"]
    assert status["encrypted"] is False
    assert status["begunTime"] <= status["completionTime"]
    assert "verifiedTime" not in status


def test_a_backup_that_is_verified_was_restored_and_left_nothing_beside_it(home: Home) -> None:
    made = home.back_up("verified", verify=True)
    assert made["status"]["verifiedTime"] == made["status"]["completionTime"]
    assert "restored" in why(made)[1]
    home.world.api.wait_for(
        "AuthlyServer",
        home.namespace,
        "main",
        lambda found: _last_proof(found) == made["status"]["verifiedTime"],
    )
    left = "SELECT datname FROM pg_database WHERE datname LIKE %s"
    name = home.url.rpartition("/")[2]
    assert homes.rows(home.url, left, f"{name}\\_restore%") == []


def test_it_goes_where_it_says_and_nothing_is_removed_there(home: Home) -> None:
    elsewhere = {"persistentVolumeClaim": {"claimName": "elsewhere"}}
    made = home.back_up("elsewhere", destination=elsewhere)
    before = home.dumps()
    assert made["status"]["location"].startswith("pvc://elsewhere/")
    job = home.get("Job", made["status"]["job"])
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert {"name": "BACKUP_RETENTION_DAYS", "value": "36500"} in container["env"]
    assert home.dumps() == before


def test_two_that_are_asked_for_at_once_are_made_one_after_the_other(home: Home) -> None:
    before = len(home.dumps())
    home.ask("AuthlyBackup", "one")
    home.ask("AuthlyBackup", "two")
    times = [home.ended("AuthlyBackup", name)["status"] for name in ("one", "two")]
    first, second = sorted(times, key=lambda status: status["begunTime"])
    assert first["location"] != second["location"]
    assert first["completionTime"] <= second["begunTime"]
    assert len(home.dumps()) == before + 2


def test_a_pod_that_is_killed_is_made_again_and_the_backup_is_made(home: Home) -> None:
    home.pods.doomed.add((home.namespace, "backup"))
    made = home.back_up("killed")
    assert made["status"]["phase"] == "Succeeded"
    assert (home.namespace, "backup", 137) in home.pods.ran


def test_a_backup_that_cannot_be_made_says_why(home: Home) -> None:
    home.pods.spoiled.add(home.namespace)
    try:
        failed = home.back_up("failed")
    finally:
        home.pods.spoiled.clear()
    assert failed["status"]["phase"] == "Failed"
    reason, message = why(failed)
    assert reason == "BackupFailed"
    assert "authly-server backup:" in message
    assert "Traceback" not in message


def test_an_image_that_cannot_dump_the_database_is_refused_at_once_with_what_to_set(
    home: Home, tmp_path: Path
) -> None:
    (tmp_path / "pg_dump").write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 14.11'\n")
    (tmp_path / "pg_dump").chmod(0o755)
    home.pods.programs[home.namespace] = tmp_path
    try:
        failed = home.back_up("older")
    finally:
        home.pods.programs.clear()
    assert (failed["status"]["phase"], why(failed)[0]) == ("Failed", "BackupFailed")
    assert "set spec.database.dump.image to one of PostgreSQL 15" in why(failed)[1]
    job = home.get("Job", failed["status"]["job"])
    assert job["status"]["failed"] == 1


def test_what_was_made_while_the_operator_was_away_is_told_when_it_is_back(home: Home) -> None:
    home.pods.held.add((home.namespace, "backup"))
    home.ask("AuthlyBackup", "alone")
    home.world.api.wait_for(
        "AuthlyBackup",
        home.namespace,
        "alone",
        lambda found: (found.get("status") or {}).get("phase") == "Running",
    )
    home.operator.end()
    home.pods.held.clear()
    job = home.get("AuthlyBackup", "alone")["status"]["job"]
    home.world.api.wait_for(
        "Job", home.namespace, job, lambda found: bool(found["status"].get("succeeded"))
    )
    home.operator.start()
    assert home.ended("AuthlyBackup", "alone")["status"]["phase"] == "Succeeded"


def test_a_server_that_is_not_there_is_waited_for(home: Home) -> None:
    home.ask("AuthlyBackup", "lost", serverRef={"name": "other"})
    lost = home.world.api.wait_for(
        "AuthlyBackup", home.namespace, "lost", lambda found: bool(why(found)[0])
    )
    assert why(lost)[0] == "ServerNotFound"
    assert lost["status"]["phase"] == "Pending"


def test_a_backup_that_is_deleted_takes_its_job_along_and_leaves_its_file(home: Home) -> None:
    made = home.back_up("deleted")
    files = home.dumps()
    home.world.api.delete("AuthlyBackup", home.namespace, "deleted")
    home.world.api.wait_gone("Job", home.namespace, made["status"]["job"])
    assert home.dumps() == files


def test_a_second_look_at_a_backup_that_is_over_changes_nothing(home: Home) -> None:
    home.back_up("still")
    before = home.get("AuthlyBackup", "still")["metadata"]["resourceVersion"]
    home.operator.end()
    home.operator.start()
    wait_until("the second look", lambda: home.operator.exit_status is None)
    home.back_up("later")
    assert home.get("AuthlyBackup", "still")["metadata"]["resourceVersion"] == before


def _last_proof(server: Object) -> str | None:
    told: dict[str, str] = (server.get("status") or {}).get("backup") or {}
    return told.get("lastVerifiedTime")
