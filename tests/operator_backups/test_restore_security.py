"""What `security` of an AuthlyRestore asks for, as clients see it."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
from tests.operator_backups import home as homes
from tests.operator_backups.home import Home, why
from tests.operator_backups.job_pods import JobPods
from tests.operator_backups.test_restore_truth_of_resources import (
    credentials,
    post,
    register,
    token,
)
from tests.operator_faults.kubernetes_api import Object, is_ready, wait_until
from tests.operator_faults.world import World


@dataclass
class Past:
    """What a server gave out: before its backup, and since."""

    home: Home
    kept: str
    revoked: str
    late: str
    kids: set[str]

    def restore(self, name: str, **security: object) -> Object:
        source = {"backupRef": {"name": "before"}}
        self.home.ask(
            "AuthlyRestore", name, source=source, acknowledgeDataLoss=True, security=security
        )
        restored = self.home.ended("AuthlyRestore", name)
        assert restored["status"]["phase"] == "Succeeded", ": ".join(why(restored))
        self.home.world.api.wait_for("AuthlyServer", self.home.namespace, "main", is_ready)
        time.sleep(1.1)  # the fence stands in the present second still
        return restored

    def is_active(self, token: str) -> bool:
        answer = post(self.home, "/introspect", credentials(self.home, "shop"), token=token)
        return bool(answer.raise_for_status().json()["active"])

    def published(self) -> set[str]:
        """The keys that the server publishes, with the Secret as a kubelet would mount it."""
        home = self.home
        server = home.world.servers[home.namespace]
        ring = home.world.api.secret(home.namespace, "main-signing-keys")["keyring.json"]
        server.key_ring.write_text(ring)
        keys = httpx.get(f"{server.base_url}/jwks", timeout=30).json()["keys"]
        return {key["kid"] for key in keys}


@pytest.fixture(scope="module")
def past(world: World, pods: JobPods) -> Iterator[Past]:
    with homes.home(world, pods, "security") as home:
        shop = register(home, "shop")
        kept, revoked = token(home, shop), token(home, shop)
        time.sleep(1.1)  # tokens are dated in whole seconds
        assert home.back_up("before")["status"]["phase"] == "Succeeded"
        time.sleep(1.1)
        post(home, "/revoke", shop, token=revoked).raise_for_status()
        made = Past(home, kept, revoked, token(home, shop), set())
        made.kids = made.published()
        yield made


def test_nothing_is_taken_back_keys_rotate_and_clients_follow_where_that_is_asked_for(
    past: Past,
) -> None:
    home = past.home
    register(home, "new")
    asked = {"revokeTokens": "None", "rotateSigningKeys": True, "resyncClients": False}
    status = past.restore("lenient", **asked)["status"]

    assert status["revokedTokens"] == "None"
    assert "Resync" not in [step["name"] for step in status["steps"]]
    assert past.is_active(past.late)
    assert past.is_active(past.kept)
    assert not past.is_active(past.revoked)
    wait_until("another key", lambda: past.published() > past.kids)
    assert past.is_active(past.kept)
    client = credentials(home, "new")
    grant = {"grant_type": "client_credentials"}
    wait_until("the client of since", lambda: post(home, "/token", client, **grant).is_success)


def test_a_rotation_is_begun_once_also_by_operators_that_come_after(past: Past) -> None:
    before = past.published()
    past.home.operator.end()
    past.home.operator.start()
    past.home.back_up("meanwhile")
    assert past.published() == before


def test_every_token_is_taken_back_where_that_is_asked_for_and_new_ones_are_good(
    past: Past,
) -> None:
    assert past.restore("strict", revokeTokens="All")["status"]["revokedTokens"] == "All"

    for each in (past.kept, past.late, past.revoked):
        assert not past.is_active(each)
    assert past.is_active(token(past.home, credentials(past.home, "shop")))
