"""A backup of one AuthlyServer restored into another: it moves, and both stay who they are."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from tests.operator_backups import home as homes
from tests.operator_backups.home import Home, why
from tests.operator_backups.job_pods import JobPods
from tests.operator_backups.test_restore_truth_of_resources import credentials, post, rotate
from tests.operator_faults.kubernetes_api import Object, custom, is_ready
from tests.operator_faults.world import World

from throwaway import registration


GRANT = {"grant_type": "client_credentials", "scope": "orders"}
TRAVELLER = "traveller@example.org"
SERVER = {"serverRef": {"name": "main"}}
KINDS = {
    "AuthlyScope": ("orders", {**SERVER, "name": "orders"}),
    "AuthlyClient": (
        "portal",
        {
            **SERVER,
            "clientId": "portal",
            "grantTypes": ["client_credentials"],
            "scopes": ["orders"],
        },
    ),
}
"""Registered with both of them, by the same names."""


@dataclass
class Move:
    """The server that was left, the one that was moved to, and the restore."""

    former: Home
    present: Home
    restored: Object


def furnish(home: Home) -> None:
    api, place = home.world.api, home.namespace
    for kind, (name, spec) in KINDS.items():
        api.apply(custom(kind, place, name, spec))
        api.wait_for(kind, place, name, is_ready)


@pytest.fixture(scope="module")
def move(world: World, pods: JobPods) -> Iterator[Move]:
    with (
        homes.home(world, pods, "former") as former,
        homes.home(world, pods, "present") as present,
    ):
        for home in (former, present):
            furnish(home)
        registration.add_user(former.url, TRAVELLER)
        location = former.back_up("all")["status"]["location"]
        shutil.copytree(former.files, present.files, dirs_exist_ok=True)
        source = {"location": location}
        present.ask("AuthlyRestore", "moved", source=source, acknowledgeDataLoss=True)
        restored = present.ended("AuthlyRestore", "moved")
        assert restored["status"]["phase"] == "Succeeded", ": ".join(why(restored))
        world.api.wait_for("AuthlyServer", present.namespace, "main", is_ready)
        yield Move(former, present, restored)


def test_people_move_and_the_database_belongs_to_whom_it_belonged(move: Move) -> None:
    present = move.present
    emails = homes.rows(present.url, "SELECT email FROM authly.users")
    assert (TRAVELLER,) in emails
    owners = homes.rows(present.url, "SELECT owner FROM authly.instance_claim")
    assert owners == [(f"{present.namespace}/main",)]


def test_clients_of_here_go_on_and_may_be_changed(move: Move) -> None:
    present = move.present
    client = credentials(present, "portal")
    assert post(present, "/token", client, **GRANT).is_success
    client = rotate(present, "portal")
    assert post(present, "/token", client, **GRANT).is_success
    described = {**KINDS["AuthlyScope"][1], "description": "Orders of here"}
    present.world.api.apply(custom("AuthlyScope", present.namespace, "orders", described))
    present.world.api.wait_for("AuthlyScope", present.namespace, "orders", is_ready)


def test_a_secret_of_there_is_worth_nothing_here_and_goes_on_there(move: Move) -> None:
    client = credentials(move.former, "portal")
    answer = post(move.present, "/token", client, **GRANT)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert post(move.former, "/token", client, **GRANT).is_success
