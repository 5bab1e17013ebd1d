"""Runs of the schedule are AuthlyBackups when they are over, and gone when their files are."""

import gzip
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from tests.operator_backups import home as homes
from tests.operator_backups.home import Home, why
from tests.operator_backups.job_pods import JobPods
from tests.operator_faults.kubernetes_api import Object, condition, custom, wait_until
from tests.operator_faults.world import World


VERIFIED = {**homes.BACKUP, "verify": {"schedule": "0 4 1 1 *"}, "retention": {"days": 1}}


@pytest.fixture(scope="module")
def home(world: World, pods: JobPods) -> Iterator[Home]:
    with homes.home(world, pods, "schedule", backup=VERIFIED) as made:
        yield made


def run(home: Home, cronjob: str, name: str) -> Object:
    """A Job as the CronJob's controller makes it, when it is over."""
    api = home.world.api
    maker = api.wait_for("CronJob", home.namespace, cronjob, bool)
    template = maker["spec"]["jobTemplate"]
    owner = {key: maker["metadata"][key] for key in ("name", "uid")}
    owner |= {"apiVersion": "batch/v1", "kind": "CronJob", "controller": True}
    labels = template["metadata"]["labels"]
    metadata = {"name": name, "labels": labels, "ownerReferences": [owner]}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": template["spec"]}
    job["metadata"]["namespace"] = home.namespace
    made = api.apply(job)
    # That it is over is told by the CronJob, whose Jobs nobody watches: it is taken off this list.
    active = {**{key: made[key] for key in ("apiVersion", "kind")}, "name": name}
    active |= {key: made["metadata"][key] for key in ("namespace", "uid")}
    api.merge("CronJob", home.namespace, cronjob, {"status": {"active": [active]}}, "status")
    return api.wait_for(
        "Job",
        home.namespace,
        name,
        lambda found: any(
            one["type"] in ("Complete", "Failed") and one["status"] == "True"
            for one in (found.get("status") or {}).get("conditions") or ()
        ),
        homes.PATIENCE,
    )


def record(home: Home, name: str) -> Object:
    return home.ended("AuthlyBackup", name)


def test_a_run_that_the_operator_has_not_seen_is_recorded_when_it_is_back(home: Home) -> None:
    home.operator.end()
    run(home, "main-backup", "main-backup-1")
    assert home.world.api.find("AuthlyBackup", home.namespace, "main-backup-1") is None
    home.operator.start()
    made = record(home, "main-backup-1")
    assert made["status"]["phase"] == "Succeeded"
    assert made["status"]["location"] == f"pvc://{homes.CLAIM}/{home.dumps()[-1]}"
    (owner,) = made["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"]) == ("AuthlyServer", "main")


def test_a_run_is_recorded_once_also_where_its_record_was_deleted(home: Home) -> None:
    home.world.api.delete("AuthlyBackup", home.namespace, "main-backup-1")
    home.operator.end()
    home.operator.start()
    run(home, "main-backup", "main-backup-2")
    record(home, "main-backup-2")
    assert home.world.api.find("AuthlyBackup", home.namespace, "main-backup-1") is None


def test_a_run_that_failed_is_recorded_with_what_it_said(home: Home) -> None:
    home.pods.spoiled.add(home.namespace)
    try:
        run(home, "main-backup", "main-backup-3")
    finally:
        home.pods.spoiled.clear()
    made = record(home, "main-backup-3")
    assert made["status"]["phase"] == "Failed"
    assert "authly-server backup: " in why(made)[1]


def test_a_verification_by_schedule_dates_the_backup_that_it_has_restored(home: Home) -> None:
    run(home, "main-backup", "main-backup-4")
    job = run(home, "main-verify", "main-verify-1")
    made = home.world.api.wait_for(
        "AuthlyBackup",
        home.namespace,
        "main-backup-4",
        lambda found: "verifiedTime" in (found.get("status") or {}),
    )
    assert made["status"]["verifiedTime"] >= job["status"]["startTime"]
    assert "verifiedTime" not in record(home, "main-backup-2")["status"]


def test_a_record_goes_when_retention_has_removed_its_file(home: Home) -> None:
    old = datetime.now(UTC) - timedelta(days=3)  # noqa: TID251 - as the program judges
    name = f"{home.namespace}.main-{old:%Y%m%dT%H%M%SZ}.sql.gz"
    (home.files / name).write_bytes(gzip.compress(b"old"))
    home.world.api.apply(custom("AuthlyBackup", home.namespace, "old", _of("gone")))
    elsewhere = custom("AuthlyBackup", home.namespace, "elsewhere", _of("gone"))
    home.world.api.apply(elsewhere)
    begun = {"phase": "Succeeded", "begunTime": f"{old:%Y-%m-%dT%H:%M:%SZ}"}
    for resource, claim in (("old", homes.CLAIM), ("elsewhere", "other")):
        status = {"status": begun | {"location": f"pvc://{claim}/{name}"}}
        home.ended("AuthlyBackup", resource)
        home.world.api.merge("AuthlyBackup", home.namespace, resource, status, "status")
    home.back_up("youngest")
    home.world.api.wait_gone("AuthlyBackup", home.namespace, "old")
    assert name not in home.dumps()
    wait_until("nothing more", lambda: record(home, "elsewhere") is not None)
    record(home, "main-backup-2")


def test_a_run_that_was_due_and_never_begun_is_told_of_until_the_next_one_begins(
    home: Home,
) -> None:
    api, place = home.world.api, home.namespace
    now = datetime.now(UTC)  # noqa: TID251 - as the operator judges
    due = {"status": {"backup": {"nextTime": f"{now.year}-01-01T03:00:00Z"}}}
    api.merge("AuthlyServer", place, "main", due, "status")
    told = api.wait_for("AuthlyServer", place, "main", is_overdue)
    assert f"{now.year}-01-01T03:00:00Z" in condition(told, "BackupHealthy")["message"]

    begun = {"status": {"lastScheduleTime": f"{now:%Y-%m-%dT%H:%M:%SZ}"}}
    api.merge("CronJob", place, "main-backup", begun, "status")
    told = api.wait_for("AuthlyServer", place, "main", lambda found: not is_overdue(found))
    assert told["status"]["backup"]["nextTime"] == f"{now.year + 1}-01-01T03:00:00Z"


def is_overdue(server: Object) -> bool:
    return bool(condition(server, "BackupHealthy").get("reason") == "BackupOverdue")


def _of(job: str) -> Object:
    return {"serverRef": {"name": "main"}, "job": job}
