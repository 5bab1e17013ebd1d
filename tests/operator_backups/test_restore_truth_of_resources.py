"""What an AuthlyRestore brings back, and what it never does, as clients see it."""

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from tests.operator_backups import home as homes
from tests.operator_backups.home import Home
from tests.operator_backups.job_pods import JobPods
from tests.operator_faults.kubernetes_api import Object, custom, is_ready, wait_until
from tests.operator_faults.world import World

from throwaway import registration


STEPS = [
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


@dataclass
class Story:
    """What was given out before the backup and after it, and the restore that followed."""

    home: Home
    kept: str
    revoked: str
    late: str
    gone: tuple[str, str]
    restore: Object
    rotated: tuple[str, str]
    replicas: int

    def is_active(self, token: str) -> bool:
        answer = post(self.home, "/introspect", credentials(self.home, "shop"), token=token)
        return bool(answer.raise_for_status().json()["active"])


def post(home: Home, path: str, client: tuple[str, str], **form: str) -> httpx.Response:
    server = home.world.servers[home.namespace]
    return httpx.post(f"{server.base_url}{path}", auth=client, data=form, timeout=30)


def token(home: Home, client: tuple[str, str]) -> str:
    answer = post(home, "/token", client, grant_type="client_credentials")
    return str(answer.raise_for_status().json()["access_token"])


def credentials(home: Home, name: str) -> tuple[str, str]:
    data = home.world.api.secret(home.namespace, f"{name}-oauth")
    return data["client_id"], data["client_secret"]


def register(home: Home, name: str) -> tuple[str, str]:
    """An AuthlyClient that is Ready; its credentials."""
    spec: dict[str, Any] = {"serverRef": {"name": "main"}, "grantTypes": ["client_credentials"]}
    home.world.api.apply(custom("AuthlyClient", home.namespace, name, spec))
    home.world.api.wait_for("AuthlyClient", home.namespace, name, is_ready)
    return credentials(home, name)


def rotate(home: Home, name: str) -> tuple[str, str]:
    """Another secret of a client, as its annotation asks for it."""
    before = credentials(home, name)
    asked = {"metadata": {"annotations": {"authly.dev/rotate-at": "now"}}}
    home.world.api.merge("AuthlyClient", home.namespace, name, asked)
    wait_until("another secret", lambda: credentials(home, name) != before)
    home.world.api.wait_for("AuthlyClient", home.namespace, name, is_ready)
    return credentials(home, name)


@pytest.fixture(scope="module")
def story(world: World, pods: JobPods) -> Iterator[Story]:
    with homes.home(world, pods, "truth") as home:
        shop, gone = register(home, "shop"), register(home, "gone")
        register(home, "rotated")
        registration.add_user(home.url, "ada@example.org")
        kept, revoked = token(home, shop), token(home, shop)
        time.sleep(1.1)  # tokens are dated in whole seconds
        assert home.back_up("before")["status"]["phase"] == "Succeeded"
        time.sleep(1.1)
        post(home, "/revoke", shop, token=revoked).raise_for_status()
        world.api.delete("AuthlyClient", home.namespace, "gone")
        world.api.wait_gone("AuthlyClient", home.namespace, "gone")
        rotated = rotate(home, "rotated")
        register(home, "new")
        registration.add_user(home.url, "late@example.org")
        late = token(home, shop)
        home.ask(
            "AuthlyRestore",
            "back",
            source={"backupRef": {"name": "before"}},
            acknowledgeDataLoss=True,
        )
        restore = home.ended("AuthlyRestore", "back")
        world.api.wait_for("AuthlyServer", home.namespace, "main", is_ready)
        time.sleep(1.1)
        replicas = world.api.get("Deployment", home.namespace, "main")["spec"]["replicas"]
        yield Story(home, kept, revoked, late, gone, restore, rotated, replicas)


def test_the_backup_that_came_back_is_proved_and_its_server_says_so(story: Story) -> None:
    home = story.home
    proved = home.world.api.wait_for(
        "AuthlyBackup",
        home.namespace,
        "before",
        lambda found: "verifiedTime" in (found.get("status") or {}),
    )["status"]["verifiedTime"]
    assert proved <= story.restore["status"]["completionTime"]
    home.world.api.wait_for(
        "AuthlyServer",
        home.namespace,
        "main",
        lambda found: (found["status"].get("backup") or {}).get("lastVerifiedTime") == proved,
    )


def test_the_restore_is_told_step_by_step_with_times(story: Story) -> None:
    status = story.restore["status"]
    assert status["phase"] == "Succeeded"
    assert [step["name"] for step in status["steps"]] == STEPS
    times = [(step["startTime"], step["completionTime"]) for step in status["steps"]]
    assert all(begun <= over for begun, over in times)
    assert [over for _, over in times] == sorted(over for _, over in times)
    assert status["revokedTokens"] == "IssuedAfterBackup"


def test_a_token_that_was_revoked_since_stays_revoked(story: Story) -> None:
    assert not story.is_active(story.revoked)


def test_a_token_of_before_that_nobody_revoked_is_good(story: Story) -> None:
    assert story.is_active(story.kept)


def test_a_token_of_after_the_backup_is_refused(story: Story) -> None:
    assert not story.is_active(story.late)


def test_a_client_that_was_deleted_since_gets_nothing(story: Story) -> None:
    answer = post(story.home, "/token", story.gone, grant_type="client_credentials")
    assert answer.status_code == 401


def test_a_secret_that_was_rotated_since_works(story: Story) -> None:
    assert story.is_active(token(story.home, story.rotated))


def test_a_client_that_came_since_is_there_before_anybody_asks(story: Story) -> None:
    assert story.is_active(token(story.home, credentials(story.home, "new")))


def test_people_are_as_at_the_backup(story: Story) -> None:
    found = homes.rows(story.home.url, "SELECT email FROM authly.users ORDER BY email")
    assert ("ada@example.org",) in found
    assert ("late@example.org",) not in found


def test_the_database_of_before_is_kept_and_a_backup_of_it_too(story: Story) -> None:
    name = story.restore["status"]["replacedDatabase"]
    url = story.home.url.rpartition("/")[0] + f"/{name}"
    assert ("late@example.org",) in homes.rows(url, "SELECT email FROM authly.users")
    assert any("-before-restore-" in one for one in story.home.dumps())


def test_as_many_replicas_serve_as_before_and_nothing_is_held_any_more(story: Story) -> None:
    assert story.replicas == 1
    server = story.home.get("AuthlyServer")
    assert "authly.dev/restoring" not in server["metadata"].get("annotations", {})
    assert "finalizers" not in story.home.get("AuthlyRestore", "back")["metadata"]
    assert story.home.get("CronJob", "main-backup")["spec"]["suspend"] is False


def test_the_backup_that_came_back_is_the_one_that_was_named(story: Story) -> None:
    made = story.home.get("AuthlyBackup", "before")["status"]
    file_name = story.restore["status"]["location"].rpartition("/")[2]
    written = (story.home.files / file_name).read_bytes()
    assert story.restore["status"]["location"] == made["location"]
    assert hashlib.sha256(written).hexdigest() == made["sha256"]
