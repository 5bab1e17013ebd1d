"""Progressing and Ready while a server changes: what goes on, what is stuck, who still serves."""

from typing import Any

import pytest
from tests.operator_conditions.verdicts import Judge

from authly_operator.observed import DatabaseProbe


MOVING = ({"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated"},)
TOO_SLOW = (
    {
        "type": "Progressing",
        "status": "False",
        "reason": "ProgressDeadlineExceeded",
        "message": 'ReplicaSet "main-abc" has timed out progressing.',
    },
)
OVER_QUOTA = (
    {
        "type": "ReplicaFailure",
        "status": "True",
        "reason": "FailedCreate",
        "message": 'pods "main-abc" is forbidden: exceeded quota: small',
    },
)
PULL = [("server", "main-new", "ImagePullBackOff", "Back-off pulling image authly/server:2")]


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        pytest.param({"deployment": {"image": "old"}}, "RollingOut", id="another image"),
        pytest.param({"deployment": {"config": "of-before"}}, "RollingOut", id="other settings"),
        pytest.param({"deployment": {"generation": 5}}, "RollingOut", id="not yet looked at"),
        pytest.param({"deployment": {"updatedReplicas": 1}}, "RollingOut", id="few new pods"),
        pytest.param({"deployment": {"replicas": 3}}, "RollingOut", id="old pods left"),
        pytest.param(
            {"deployment": {"availableReplicas": 1, "conditions": MOVING}}, "RollingOut",
            id="new pods are starting",
        ),
        pytest.param({"job": {"condition": None}}, "MigrationRunning", id="a migration runs"),
        pytest.param({"without": ("Job",)}, "MigrationPending", id="a migration is due"),
        pytest.param(
            {"without": ("Job", "Deployment", "StatefulSet")}, "DatabaseNotCreated",
            id="the very beginning",
        ),
    ],
)  # fmt: skip
def test_a_server_on_its_way_is_progressing(
    judge_server: Judge, seen: dict[str, Any], reason: str
) -> None:
    assert judge_server(**seen)["Progressing"][:2] == ("True", reason)


@pytest.mark.parametrize(
    ("seen", "reason", "says"),
    [
        pytest.param(
            {"deployment": {"replicas": 3, "updatedReplicas": 1}, "waiting": PULL},
            "ImagePullBackOff", "pod main-new: ImagePullBackOff: Back-off pulling image",
            id="a new image cannot be pulled",
        ),
        pytest.param(
            {"deployment": {"updatedReplicas": 0, "conditions": OVER_QUOTA}},
            "ReplicaFailure", "exceeded quota: small: raise the quota",
            id="a quota refuses the pods",
        ),
        pytest.param(
            {"deployment": {"updatedReplicas": 1, "conditions": TOO_SLOW}},
            "ProgressDeadlineExceeded", "has timed out progressing",
            id="no progress for too long",
        ),
        pytest.param(
            {
                "deployment": {"image": "authly/server:1"},
                "job": {"condition": "Failed", "reason": "BackoffLimitExceeded"},
            },
            "MigrationFailed", "BackoffLimitExceeded",
            id="the migration failed",
        ),
        pytest.param(
            {
                "deployment": {"image": "authly/server:1"},
                "job": {"condition": None},
                "database": DatabaseProbe(error="connection refused"),
            },
            "DatabaseUnreachable", "connection refused",
            id="no database to migrate",
        ),
        pytest.param(
            {"missing": ("key ADMIN_PASSWORD of Secret a is empty",)},
            "ReferenceMissing", "key ADMIN_PASSWORD of Secret a is empty",
            id="a reference leads nowhere",
        ),
    ],
)  # fmt: skip
def test_a_stuck_roll_out_is_told_though_old_replicas_serve(
    judge_server: Judge, seen: dict[str, Any], reason: str, says: str
) -> None:
    judged = judge_server(**seen)

    assert judged["Progressing"][:2] == ("False", reason)
    assert judged["Ready"][:2] == ("False", reason)
    assert says in judged["Ready"][2]
    assert judged["Available"][0] == "True"


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        pytest.param(
            {"deployment": {"replicas": 3, "updatedReplicas": 1, "availableReplicas": 1}},
            "RollingOut", id="one of three pods is replaced",
        ),
        pytest.param(
            {"deployment": {"generation": 5, "availableReplicas": 1}},
            "RollingOut", id="the Deployment was written a moment ago",
        ),
        pytest.param(
            {"deployment": {"image": "authly/server:1"}, "job": {"condition": None}},
            "MigrationRunning", id="the new image's migration runs",
        ),
        pytest.param(
            {
                "deployment": {"image": "authly/server:1", "availableReplicas": 1},
                "without": ("Job",),
            },
            "MigrationPending", id="the new image's migration is due",
        ),
    ],
)  # fmt: skip
def test_a_server_stays_ready_while_old_replicas_serve(
    judge_server: Judge, seen: dict[str, Any], reason: str
) -> None:
    judged = judge_server(**seen)

    assert judged["Ready"][:2] == ("True", reason)
    assert "while a roll-out goes on" in judged["Ready"][2]


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(
            {"deployment": {"availableReplicas": 1, "conditions": MOVING}},
            id="the first roll-out, half done",
        ),
        pytest.param({"deployment": {"availableReplicas": 1}}, id="a replica was lost"),
        pytest.param(
            {"deployment": {"image": "authly/server:1", "availableReplicas": 0}},
            id="old replicas do not serve",
        ),
        pytest.param(
            {"deployment": {"image": "authly/server:1"}, "endpoint": None},
            id="nobody saw old replicas answer",
        ),
        pytest.param({"spec": {"replicas": 0}}, id="scaled to zero"),
    ],
)
def test_a_server_is_not_ready_where_too_little_serves(
    judge_server: Judge, seen: dict[str, Any]
) -> None:
    assert judge_server(**seen)["Ready"][0] == "False"


def test_a_failed_pod_that_was_replaced_counts_for_nothing(judge_server: Judge) -> None:
    judged = judge_server(waiting=[("server", "main-old", "Error", "evicted")])

    assert judged["Ready"][:2] == ("True", "Ready")
    assert judged["Progressing"][:2] == ("False", "RolledOut")


def test_a_failed_migration_is_told_before_what_nobody_could_ask(judge_server: Judge) -> None:
    external = {"database": {"external": {"secretRef": {"name": "postgres", "key": "url"}}}}

    judged = judge_server(
        spec=external,
        without=("Deployment",),
        job={"condition": "Failed", "reason": "BackoffLimitExceeded"},
        database=None,
        endpoint=None,
    )

    assert judged["DatabaseReady"][0] == "Unknown"
    assert judged["Ready"][:2] == judged["Progressing"][:2] == ("False", "MigrationFailed")


def test_a_paused_server_serves_what_it_served_and_does_not_claim_to_progress(
    judge_server: Judge,
) -> None:
    judged = judge_server(
        spec={"paused": True}, deployment={"image": "authly/server:1"}, without=("Job",)
    )

    assert judged["Progressing"][:2] == ("False", "Paused")
    assert judged["Ready"][:2] == ("True", "Paused")
    assert "not brought to authly/server:2" in judged["Ready"][2]


def test_the_reason_holds_still_while_the_kubelet_alternates_its_words(
    judge_server: Judge,
) -> None:
    told = {
        judge_server(
            deployment={"availableReplicas": 0}, waiting=[("server", "main-abc", word, "text")]
        )["Available"][1]
        for word in ("CrashLoopBackOff", "Error", "OOMKilled")
    }

    assert told == {"CrashLoopBackOff"}


def test_of_several_pods_that_do_not_run_the_same_is_told_every_time(judge_server: Judge) -> None:
    pods = [
        ("server", "main-b", "CrashLoopBackOff", "boom"),
        ("server", "main-a", "CreateContainerConfigError", 'secret "x" not found'),
        ("server", "main-d", "ErrImagePull", "denied"),
        ("server", "main-c", "ErrImagePull", "denied"),
    ]

    told = {
        judge_server(deployment={"availableReplicas": 0}, waiting=each)["Ready"]
        for each in (pods, pods[::-1])
    }

    assert len(told) == 1
    assert "pod main-c (and 3 more): ErrImagePull: denied" in told.pop()[2]


def test_a_migration_that_waits_for_a_person_says_how_to_approve_it(judge_server: Judge) -> None:
    older = {"image": "authly/server:1"}
    judged = judge_server(approved=False, without=("Job",), deployment=older)

    assert judged["Migrated"][:2] == ("False", "MigrationNotApproved")
    assert "--overwrite authly.dev/approve-migration=main-migrate-12345678" in judged["Migrated"][2]
    assert judged["Progressing"][:2] == ("False", "MigrationNotApproved")
    assert judged["Ready"][:2] == ("True", "MigrationNotApproved")


def test_a_migration_that_was_approved_is_judged_by_its_job(judge_server: Judge) -> None:
    judged = judge_server(approved=False)

    assert judged["Migrated"][:2] == ("True", "Migrated")
