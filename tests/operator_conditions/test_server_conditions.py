"""Tables of what is observed of an AuthlyServer, and what its conditions say."""

from typing import Any

import pytest
from tests.operator_conditions.verdicts import Judge

from authly_operator.observed import DatabaseProbe, EndpointProbe


EXTERNAL = {"database": {"external": {"secretRef": {"name": "postgres", "key": "url"}}}}
NO_ROOM = """\
LOG:  redo done at 0/5FFF8B0
FATAL:  could not write to file "pg_wal/xlogtemp.31157": No space left on device
LOG:  startup process (PID 31157) exited with exit code 1
LOG:  shutting down due to startup process failure
"""
NO_SECRET = "key url of Secret postgres (database.external.secretRef) does not exist or is empty"
UNBOUND = "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims."
FIRST = ("Deployment", "Job")
"""The children that a server does not have before its first migration."""


def test_a_server_that_is_well_is_ready_and_says_by_what(judge_server: Judge) -> None:
    judged = judge_server()

    assert {kind: one[:2] for kind, one in judged.items()} == {
        "Ready": ("True", "Ready"),
        "DatabaseReady": ("True", "DatabaseAnswers"),
        "Migrated": ("True", "Migrated"),
        "SigningKeysReady": ("True", "KeyRingActive"),
        "PasswordsRotated": ("True", "PasswordsCurrent"),
        "Available": ("True", "ReplicasAvailable"),
        "EndpointReady": ("True", "IssuerAnswers"),
        "Progressing": ("False", "RolledOut"),
        "Paused": ("False", "NotPaused"),
        "BackupHealthy": ("Unknown", "BackupNotConfigured"),
        "OptionalResourcesReady": ("True", "OptionalResourcesMade"),
    }
    assert judged["Ready"][2] == "discovery answers with issuer https://auth.example.com"


def test_ready_is_never_true_after_a_failed_write(judge_server: Judge) -> None:
    judged = judge_server(failures=("Ingress main: host is taken",))

    assert judged["Ready"] == (
        "False",
        "ApplyFailed",
        "the API server refused: Ingress main: host is taken",
    )
    assert judged["Progressing"][:2] == ("False", "ApplyFailed")


def test_a_failed_write_is_told_before_what_may_follow_from_it(judge_server: Judge) -> None:
    judged = judge_server(failures=("Deployment main: quota",), without=("Deployment",))

    assert judged["Available"][:2] == ("False", "NotDeployed")
    assert judged["Ready"][:2] == ("False", "ApplyFailed")


def test_nothing_but_the_beginning_is_claimed_where_nothing_was_seen(judge_server: Judge) -> None:
    judged = judge_server(children={}, secrets={}, database=None, endpoint=None)

    true = {kind for kind, (status, _, _) in judged.items() if status == "True"}
    assert true == {"Progressing", "OptionalResourcesReady"}  # nothing optional is asked for
    assert all(message for _, _, message in judged.values())


@pytest.mark.parametrize(
    ("seen", "status", "reason", "says"),
    [
        pytest.param(
            {"without": ("StatefulSet",)},
            "False", "DatabaseNotCreated", "StatefulSet main-database does not exist yet",
            id="no StatefulSet yet",
        ),
        pytest.param(
            {"children": {("StatefulSet", "main-database"): {}}},
            "False", "DatabaseStarting", "not ready yet",
            id="a StatefulSet without a word of status",
        ),
        pytest.param(
            {
                "children": {("StatefulSet", "main-database"): {"status": {}}},
                "waiting": [("database", "main-database-0", "Unschedulable", UNBOUND)],
            },
            "False", "VolumeUnbound", "spec.database.managed.storage",
            id="a claim that no volume is bound to",
        ),
        pytest.param(
            {
                "children": {("StatefulSet", "main-database"): {"status": {}}},
                "waiting": [("database", "main-database-0", "ErrImagePull", "no such tag")],
            },
            "False", "ImagePullBackOff", "pod main-database-0: ErrImagePull: no such tag",
            id="an image that cannot be pulled",
        ),
        pytest.param(
            {
                "children": {("StatefulSet", "main-database"): {"status": {}}},
                "waiting": [("server", "main-abc", "CrashLoopBackOff", "no database")],
            },
            "False", "DatabaseStarting", "not ready yet",
            id="a pod of another component tells nothing of the database",
        ),
        pytest.param(
            {
                "children": {("StatefulSet", "main-database"): {"status": {}}},
                "waiting": [("database", "main-database-0", "CrashLoopBackOff", NO_ROOM)],
            },
            "False", "DiskFull", "disk full: raise spec.database.managed.storage.size",
            id="a volume without room for its log",
        ),
        pytest.param(
            {"database": DatabaseProbe(error="password authentication failed")},
            "False", "DatabaseUnreachable", "password authentication failed",
            id="ready by its probe, and refusing the operator",
        ),
        pytest.param(
            {"database": None}, "Unknown", "NotProbed", "nobody could ask",
            id="deployed and not asked: nothing is claimed",
        ),
        pytest.param(
            {"database": None, "without": FIRST},
            "True", "AcceptsConnections", "once it is migrated",
            id="managed, before the first migration",
        ),
        pytest.param(
            {"spec": EXTERNAL, "database": None, "missing": (NO_SECRET,)},
            "False", "ReferenceMissing", NO_SECRET,
            id="external, and its Secret is not there",
        ),
        pytest.param(
            {"spec": EXTERNAL, "database": DatabaseProbe(), "without": FIRST},
            "True", "AcceptsConnections", "not migrated yet",
            id="external, and the owner may connect",
        ),
        pytest.param(
            {
                "spec": EXTERNAL,
                "database": DatabaseProbe(error="connection refused"),
                "without": FIRST,
            },
            "False", "DatabaseUnreachable", "spec.database.external and Secret postgres",
            id="external and unreachable",
        ),
        pytest.param(
            {"spec": EXTERNAL, "database": None, "without": FIRST},
            "Unknown", "NotProbed", "nobody could ask",
            id="external and not asked",
        ),
    ],
)  # fmt: skip
def test_the_database_is_ready_when_it_answered_the_operator(
    judge_server: Judge, seen: dict[str, Any], status: str, reason: str, says: str
) -> None:
    judged = judge_server(**seen)

    assert judged["DatabaseReady"][:2] == (status, reason)
    assert says in judged["DatabaseReady"][2]


@pytest.mark.parametrize(
    ("seen", "reason", "says"),
    [
        pytest.param(
            {"job": {"condition": None}},
            "MigrationRunning", "Job main-migrate-12345678 runs",
            id="running",
        ),
        pytest.param(
            {
                "job": {"condition": None},
                "waiting": [("migration", "main-migrate-12345678-x", "ImagePullBackOff", "denied")],
            },
            "ImagePullBackOff", "pod main-migrate-12345678-x: ImagePullBackOff: denied",
            id="its image cannot be pulled",
        ),
        pytest.param(
            {
                "job": {"condition": None},
                "waiting": [("migration", "main-migrate-12345678-x", "Error", "lock timeout")],
            },
            "MigrationRetrying", "tries again: pod main-migrate-12345678-x: Error: lock timeout",
            id="one try failed",
        ),
        pytest.param(
            {
                "job": {"condition": None},
                "waiting": [("migration", "main-migrate-00000000-x", "Error", "of yesterday")],
            },
            "MigrationRunning", "runs",
            id="a failed pod of another image's Job is not this one's",
        ),
        pytest.param(
            {
                "job": {"condition": "Failed", "reason": "BackoffLimitExceeded", "message": "4"},
                "waiting": [("migration", "main-migrate-12345678-x", "Error", "column exists")],
            },
            "MigrationFailed", "BackoffLimitExceeded: 4: pod main-migrate-12345678-x: Error: column"
            " exists: read kubectl logs -n auth main-migrate-12345678-x",
            id="it gave up",
        ),
        pytest.param(
            {"job": {"condition": "Failed", "reason": "DeadlineExceeded"}},
            "MigrationFailed", "read kubectl logs -n auth job/main-migrate-12345678",
            id="it gave up and its pods are gone",
        ),
        pytest.param(
            {"without": ("Job",)},
            "MigrationPending", "the operator makes it",
            id="no Job yet",
        ),
        pytest.param(
            {"without": ("Job",), "spec": {"paused": True}},
            "MigrationPending", "not made while the resource is paused",
            id="no Job, since paused",
        ),
        pytest.param(
            {"without": ("Job", "StatefulSet")},
            "WaitingForDatabase", "see DatabaseReady",
            id="no database to migrate yet",
        ),
        pytest.param(
            {"without": ("Job",), "missing": ("key ADMIN_PASSWORD of Secret a is empty",)},
            "ReferenceMissing", "key ADMIN_PASSWORD of Secret a is empty",
            id="a reference leads nowhere",
        ),
    ],
)  # fmt: skip
def test_a_migration_tells_how_far_it_is_and_why_not_farther(
    judge_server: Judge, seen: dict[str, Any], reason: str, says: str
) -> None:
    judged = judge_server(**seen)

    assert judged["Migrated"][:2] == ("False", reason)
    assert says in judged["Migrated"][2]


@pytest.mark.parametrize(
    ("seen", "status", "reason", "says"),
    [
        ({"without": ("Deployment",)}, "False", "NotDeployed", "when the database is migrated"),
        ({"spec": {"replicas": 0}}, "False", "ScaledToZero", "set it to 1 or more"),
        ({"deployment": {"availableReplicas": 1}}, "False", "ReplicasUnavailable", "1 of 2"),
        ({"deployment": {"availableReplicas": 3}}, "True", "ReplicasAvailable", "3 replicas"),
        (
            {
                "deployment": {"availableReplicas": 0},
                "waiting": [("server", "main-abc", "CrashLoopBackOff", "DATABASE_URL is not set")],
            },
            "False",
            "CrashLoopBackOff",
            "0 of 2 replicas are available: pod main-abc: CrashLoopBackOff: DATABASE_URL is not"
            " set: read kubectl logs -n auth main-abc --all-containers",
        ),
    ],
)
def test_available_counts_replicas_against_the_spec(
    judge_server: Judge, seen: dict[str, Any], status: str, reason: str, says: str
) -> None:
    judged = judge_server(**seen)

    assert judged["Available"][:2] == (status, reason)
    assert says in judged["Available"][2]


@pytest.mark.parametrize(
    ("seen", "status", "reason"),
    [
        ({"endpoint": None}, "Unknown", "NotProbed"),
        ({"spec": {"replicas": 0}, "endpoint": None}, "Unknown", "ScaledToZero"),
        ({"endpoint": EndpointProbe(error="HTTP 503")}, "False", "EndpointUnreachable"),
        ({"endpoint": EndpointProbe()}, "False", "EndpointUnreachable"),
        (
            {"endpoint": EndpointProbe(issuer="https://auth.example.com", error="HTTP 500")},
            "False",
            "EndpointUnreachable",
        ),
        ({"endpoint": EndpointProbe(issuer="https://a.example")}, "False", "IssuerMismatch"),
        (
            {"endpoint": EndpointProbe(issuer="https://auth.example.com/")},
            "False",
            "IssuerMismatch",
        ),
    ],
)
def test_the_endpoint_is_ready_when_discovery_names_the_issuer_exactly(
    judge_server: Judge, seen: dict[str, Any], status: str, reason: str
) -> None:
    judged = judge_server(**seen)

    assert judged["EndpointReady"][:2] == (status, reason)
    assert judged["Ready"][0] == "False"


def test_both_issuers_are_named_where_they_differ(judge_server: Judge) -> None:
    judged = judge_server(endpoint=EndpointProbe(issuer="https://a.example"))

    assert "the issuer https://a.example and not https://auth.example.com" in judged["Ready"][2]
