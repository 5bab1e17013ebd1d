"""BackupHealthy: earned by a backup that succeeded, never assumed, and never in Ready's way."""

from typing import Any

import pytest
from tests.operator_conditions.verdicts import Judge


BACKUP = {"destination": {"persistentVolumeClaim": {"claimName": "dumps"}}}
MONDAY, MONDAY_DONE, TUESDAY = (
    "2026-03-02T02:00:00Z",
    "2026-03-02T02:03:00Z",
    "2026-03-03T02:00:00Z",
)
ACTIVE = [{"kind": "Job", "name": "main-backup-1"}]


def cronjob(**status: Any) -> dict[Any, Any]:
    return {("CronJob", "main-backup"): {"status": status}}


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ({}, ("Unknown", "NoBackupYet")),
        ({"lastScheduleTime": MONDAY, "active": ACTIVE}, ("Unknown", "BackupRunning")),
        ({"lastScheduleTime": MONDAY}, ("False", "BackupFailed")),
        (
            {"lastScheduleTime": MONDAY, "lastSuccessfulTime": MONDAY_DONE},
            ("True", "BackupSucceeded"),
        ),
        (
            {
                "lastScheduleTime": TUESDAY,
                "lastSuccessfulTime": MONDAY_DONE,
                "active": ACTIVE,
            },
            ("Unknown", "BackupRunning"),
        ),
        (
            {"lastScheduleTime": TUESDAY, "lastSuccessfulTime": MONDAY_DONE},
            ("False", "BackupFailed"),
        ),
    ],
)
def test_it_is_told_by_what_the_schedule_brought(
    judge_server: Judge, status: dict[str, Any], told: tuple[str, str]
) -> None:
    judged = judge_server(spec={"backup": BACKUP}, beside=cronjob(**status))

    assert judged["BackupHealthy"][:2] == told
    assert judged["Ready"][0] == "True"


def test_nothing_is_claimed_before_the_cronjob_is_there(judge_server: Judge) -> None:
    assert judge_server(spec={"backup": BACKUP})["BackupHealthy"][:2] == ("Unknown", "NoBackupYet")


def test_a_failure_is_told_with_what_the_pod_said_and_the_last_success(
    judge_server: Judge,
) -> None:
    said = "authly-server backup: bucket dumps: An error occurred (403)"
    judged = judge_server(
        spec={"backup": BACKUP},
        beside=cronjob(lastScheduleTime=TUESDAY, lastSuccessfulTime=MONDAY_DONE),
        waiting=[("backup", "main-backup-2-abcde", "Error", said)],
    )

    message = judged["BackupHealthy"][2]
    assert said in message
    assert MONDAY_DONE in message
    assert TUESDAY in message


def test_an_image_to_dump_with_that_is_not_to_be_had_is_told_with_the_field_that_names_another(
    judge_server: Judge,
) -> None:
    said = 'Back-off pulling image "registry.example.com/postgres:19"'
    judged = judge_server(
        spec={"backup": BACKUP},
        beside=cronjob(lastScheduleTime=TUESDAY, lastSuccessfulTime=MONDAY_DONE, active=ACTIVE),
        waiting=[("backup", "main-backup-2-abcde", "ImagePullBackOff", said)],
    )

    status, reason, message = judged["BackupHealthy"][:3]
    assert (status, reason) == ("False", "ImagePullBackOff")
    assert said in message
    assert "the one with pg_dump is spec.database.dump.image" in message
    assert judged["Ready"][0] == "True"


def test_a_dump_that_outgrew_its_room_is_told_with_the_field_that_gives_it_more(
    judge_server: Judge,
) -> None:
    said = 'Usage of EmptyDir volume "dumps" exceeds the limit "1Gi".'
    judged = judge_server(
        spec={"backup": BACKUP},
        beside=cronjob(lastScheduleTime=TUESDAY, lastSuccessfulTime=MONDAY_DONE),
        waiting=[("backup", "main-backup-2-abcde", "Evicted", said)],
    )

    message = judged["BackupHealthy"][2]
    assert 'exceeds the limit "1Gi": raise spec.database.dump.sizeLimit' in message


def test_backups_that_are_suspended_are_not_healthy(judge_server: Judge) -> None:
    judged = judge_server(
        spec={"backup": {**BACKUP, "suspend": True}},
        beside=cronjob(lastScheduleTime=MONDAY, lastSuccessfulTime=MONDAY_DONE),
    )

    assert judged["BackupHealthy"][:2] == ("False", "BackupSuspended")
    assert judged["Ready"][0] == "True"


def test_a_backup_that_was_due_and_not_begun_is_not_healthy_and_says_where_to_look(
    judge_server: Judge,
) -> None:
    well = cronjob(lastScheduleTime=MONDAY, lastSuccessfulTime=MONDAY_DONE)
    judged = judge_server(spec={"backup": BACKUP}, beside=well, backup_overdue=TUESDAY)

    status, reason, message = judged["BackupHealthy"]
    assert (status, reason) == ("False", "BackupOverdue")
    assert TUESDAY in message
    assert "kubectl describe cronjob -n " in message
    assert judged["Ready"][0] == "True"


WELL = {"lastScheduleTime": MONDAY, "lastSuccessfulTime": MONDAY_DONE}
VERIFIED = {**BACKUP, "verify": {}}


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ({}, ("True", "BackupSucceeded")),
        ({"lastScheduleTime": MONDAY, "active": ACTIVE}, ("True", "BackupSucceeded")),
        (WELL, ("True", "BackupSucceeded")),
        ({"lastScheduleTime": MONDAY}, ("False", "VerificationFailed")),
        (
            {"lastScheduleTime": TUESDAY, "lastSuccessfulTime": MONDAY_DONE},
            ("False", "VerificationFailed"),
        ),
    ],
)
def test_a_backup_that_could_not_be_restored_is_not_healthy(
    judge_server: Judge, status: dict[str, Any], told: tuple[str, str]
) -> None:
    beside = {**cronjob(**WELL), ("CronJob", "main-verify"): {"status": status}}
    judged = judge_server(spec={"backup": VERIFIED}, beside=beside)

    assert judged["BackupHealthy"][:2] == told
    assert judged["Ready"][0] == "True"
