"""AuthlyBackups and AuthlyRestores on a real node, whose namespace admits restricted pods only."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from tests.e2e import external, instance as instances, one_shots, shelf, surroundings
from tests.e2e.instance import Application, Instance
from tests.e2e.kube import Kube, Object, condition
from tests.e2e.one_shots import DATABASE_POD, PATIENCE


PLACE = "backed-up"
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}
DATA = f"data-{DATABASE_POD}"
NEVER = "0 3 1 1 *"
EVERY_MINUTE = "* * * * *"
BACKUP = {
    "destination": shelf.DESTINATION,
    "schedule": NEVER,
    "verify": {"schedule": NEVER},
}
PEOPLE = "SELECT email FROM authly.users ORDER BY email"
LATE = """
DELETE FROM authly.consents;
INSERT INTO authly.users (email, username, email_folded, username_folded, password_hash)
VALUES ('late@example.org', 'late', 'late@example.org', 'late', '-')
"""
CONSENTS = "SELECT count(*) FROM authly.consents"


@pytest.fixture(scope="module")
def instance(kube: Kube) -> Iterator[Instance]:
    """An instance with backups to a claim; what is not restricted is not let in."""
    with instances.running(kube, PLACE, labels=RESTRICTED, backup=BACKUP) as running:
        shelf.put_up(running)
        yield running


def test_a_backup_is_made_and_described_and_is_what_its_digest_says(instance: Instance) -> None:
    status = one_shots.back_up(instance, "first")

    name = one_shots.file_of(status)
    assert status["location"] == f"pvc://{shelf.CLAIM}/{name}"
    assert shelf.run(instance, "sha256sum", name).split()[0] == status["sha256"]
    assert shelf.run(instance, "stat", "-c", "%s", name).strip() == str(status["size"])
    assert shelf.run(instance, "sha256sum", "-c", f"{name}.sha256") == f"{name}: OK\n"
    assert status["schemaRevision"] == instance.server["status"]["schemaRevision"]
    assert status["postgresVersion"].startswith("15")


def test_a_backup_is_restored_beside_the_database_and_somebody_signs_in_there(
    instance: Instance,
) -> None:
    status = one_shots.back_up(instance, "verified", verify=True)

    assert status["verifiedTime"] == status["completionTime"]
    scratch = "SELECT count(*) FROM pg_database WHERE datname LIKE 'authly\\_restore%'"
    assert one_shots.psql(instance, scratch) == "0"


def test_a_run_of_the_schedule_needs_no_operator_and_is_seen_when_there_is_one(
    instance: Instance,
) -> None:
    kube, place = instance.kube, instance.namespace
    instance.change({"backup": {"schedule": EVERY_MINUTE}})
    kube.wait_for("cronjob", "main-backup", place, _is_of_every_minute)
    with surroundings.without_operator(kube):
        cronjob = kube.wait_for("cronjob", "main-backup", place, _has_succeeded, PATIENCE)
        kube.patch("cronjob", "main-backup", place, {"spec": {"suspend": True}})
        (run, *_) = one_shots.runs(instance)
        assert kube.find("authlybackup", run, place) is None
    instance.change({"backup": {"schedule": NEVER}})

    name = one_shots.file_of(one_shots.ended(instance, "AuthlyBackup", run))
    assert shelf.run(instance, "sha256sum", "-c", f"{name}.sha256") == f"{name}: OK\n"
    server = kube.wait_for("authlyserver", instance.name, place, _is_backed_up)
    since = server["status"]["backup"]["lastSuccessfulTime"]
    assert since >= cronjob["status"]["lastSuccessfulTime"]
    kube.wait_for("authlyserver", instance.name, place, _is_due_in_january)


def test_a_verification_by_schedule_earns_its_time(instance: Instance) -> None:
    kube, place = instance.kube, instance.namespace
    before = instance.server["status"]["backup"]["lastVerifiedTime"]
    instance.change({"backup": {"verify": {"schedule": EVERY_MINUTE}}})
    verified = kube.wait_for(
        "authlyserver",
        instance.name,
        place,
        lambda found: found["status"]["backup"]["lastVerifiedTime"] > before,
        PATIENCE,
    )
    instance.change({"backup": {"verify": {"schedule": NEVER}}})

    assert condition(verified, "BackupHealthy")["status"] == "True"
    youngest = max(kube.select("authlybackups", place), key=lambda one: one["status"]["begunTime"])
    kube.wait_for(
        "authlybackup",
        youngest["metadata"]["name"],
        place,
        lambda found: "verifiedTime" in found["status"],
    )


def _is_of_every_minute(cronjob: Object) -> bool:
    return bool(cronjob["spec"]["schedule"] == EVERY_MINUTE)


def _has_succeeded(cronjob: Object) -> bool:
    return "lastSuccessfulTime" in (cronjob.get("status") or {})


def _is_due_in_january(server: Object) -> bool:
    return bool(server["status"]["backup"].get("nextTime", "")[4:] == "-01-01T03:00:00Z")


def _is_backed_up(server: Object) -> bool:
    return bool(condition(server, "BackupHealthy")["status"] == "True")


@dataclass
class Story:
    """What was given out before the backup and after it, and the restore that followed."""

    instance: Instance
    kept: Object
    revoked: Object
    late: Object
    kids: set[str]
    used: dict[str, str]
    gone: Application
    rotated: Application
    consents: str
    restored: Object


@pytest.fixture(scope="module")
def story(instance: Instance) -> Story:
    kube, place = instance.kube, instance.namespace
    register(instance, "gone")
    gone = instance.application("gone")
    kept, revoked = instance.sign_in(), instance.sign_in()
    code = instance.authorize(instance.web)
    consents, before = one_shots.psql(instance, CONSENTS), instance.machine
    time.sleep(1.1)  # tokens are dated in whole seconds
    one_shots.back_up(instance, "before")
    time.sleep(1.1)
    answer = instance.post("/revoke", instance.web, token=revoked["refresh_token"])
    assert answer.is_success, answer.text
    kube.delete("authlyclient", "gone", place)
    rotated = rotate(instance, "machine")
    assert rotated != before
    late = instance.sign_in()
    assert instance.post("/token", instance.web, **code).is_success
    one_shots.psql(instance, LATE)
    wanted = {
        "source": {"backupRef": {"name": "before"}},
        "acknowledgeDataLoss": True,
        "security": {"rotateSigningKeys": True},
    }
    kids = published(instance)
    one_shots.ask(instance, "AuthlyRestore", "back", **wanted)
    restored = one_shots.ended(instance, "AuthlyRestore", "back")
    kube.wait_ready(place, PATIENCE)
    return Story(instance, kept, revoked, late, kids, code, gone, rotated, consents, restored)


def register(instance: Instance, name: str) -> None:
    wanted = {"serverRef": {"name": instance.name}, "grantTypes": ["client_credentials"]}
    instance.kube.apply(instances.resource("AuthlyClient", name, instance.namespace, wanted))
    instance.kube.wait_ready(instance.namespace)


def published(instance: Instance) -> set[str]:
    return {key["kid"] for key in instance.get("/jwks").json()["keys"]}


def rotate(instance: Instance, name: str) -> Application:
    """Another secret of a client, as its annotation asks for it."""
    kube, place = instance.kube, instance.namespace
    before = instance.application(name)
    kube.run("annotate", "authlyclient", name, "-n", place, "authly.dev/rotate-at=now")
    kube.wait_until("another secret", lambda: instance.application(name) != before)
    kube.wait_ready(place)
    return instance.application(name)


def test_a_restore_is_told_step_by_step(story: Story) -> None:
    steps = [step["name"] for step in story.restored["steps"]]
    assert steps == [
        "Quiesce",
        "PreBackup",
        "Fetch",
        "Checksum",
        "Load",
        "Migrate",
        "Fence",
        "Swap",
        "Resync",
        "Probe",
        "Resume",
    ]
    assert story.restored["revokedTokens"] == "IssuedAfterBackup"


def test_a_grant_of_before_goes_on_and_its_token_is_good(story: Story) -> None:
    assert story.instance.introspect(story.kept["access_token"])["active"] is True
    assert story.instance.refresh(story.kept["refresh_token"])["access_token"]


def test_what_was_revoked_since_stays_revoked(story: Story) -> None:
    for token in (story.revoked["access_token"], story.revoked["refresh_token"]):
        assert story.instance.introspect(token)["active"] is False
    answer = story.instance.post(
        "/token",
        story.instance.web,
        grant_type="refresh_token",
        refresh_token=story.revoked["refresh_token"],
    )
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_what_was_given_out_since_is_refused(story: Story) -> None:
    assert story.instance.introspect(story.late["access_token"])["active"] is False


def test_a_code_that_was_used_since_is_no_good(story: Story) -> None:
    answer = story.instance.post("/token", story.instance.web, **story.used)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_a_client_that_was_deleted_since_gets_nothing(story: Story) -> None:
    assert not surroundings.gets_a_token(story.instance, story.gone)


def test_a_secret_that_was_rotated_since_works(story: Story) -> None:
    assert surroundings.gets_a_token(story.instance, story.rotated)


def test_people_and_consents_are_as_at_the_backup(story: Story) -> None:
    assert one_shots.psql(story.instance, PEOPLE) == story.instance.administrator[0]
    assert one_shots.psql(story.instance, CONSENTS) == story.consents


def test_the_database_of_before_is_kept_and_a_backup_of_it_too(story: Story) -> None:
    instance, name = story.instance, story.restored["replacedDatabase"]
    found = external.psql(instance.kube, instance.namespace, name, PEOPLE, DATABASE_POD)
    assert "late@example.org" in found
    assert "-before-restore-" in shelf.run(instance, "ls")


def test_pods_that_serve_are_as_many_as_before_and_people_sign_in(story: Story) -> None:
    assert len(surroundings.steady_pods(story.instance, 1)) == 1
    assert story.instance.sign_in()["access_token"]


def test_another_signing_key_comes_and_the_one_of_before_stays(story: Story) -> None:
    story.instance.kube.wait_until(
        "another key", lambda: published(story.instance) > story.kids, namespace=PLACE
    )
    assert story.instance.introspect(story.kept["access_token"])["active"] is True


def test_a_server_that_is_deleted_in_the_foreground_goes_after_a_last_backup(
    story: Story,
) -> None:
    instance = story.instance
    kube, place = instance.kube, instance.namespace
    known = set(shelf.run(instance, "ls").split())
    instance.change({"deletionPolicy": "BackupThenDelete"})
    kube.wait_for(
        "authlyserver", instance.name, place, lambda found: "finalizers" in found["metadata"]
    )
    kube.delete("authlyserver", instance.name, place, "--cascade=foreground", "--wait=false")
    gone = ("authlyserver main", f"persistentvolumeclaim {DATA}", "secret main-credentials")
    for kind, name in map(str.split, gone):
        kube.wait_until(
            f"the end of {kind} {name}",
            lambda kind=kind, name=name: kube.find(kind, name, place) is None,  # type: ignore[misc]
            PATIENCE,
            namespace=place,
        )
    (last,) = [name for name in one_shots.backups(instance) if name.startswith("main-last-")]
    status = one_shots.ended(instance, "AuthlyBackup", last)
    assert status["verifiedTime"]
    name = one_shots.file_of(status)
    assert name not in known
    assert shelf.run(instance, "sha256sum", "-c", f"{name}.sha256") == f"{name}: OK\n"
