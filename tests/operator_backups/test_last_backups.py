"""BackupThenDelete: data goes when its last backup was seen to be good, and nothing hangs."""

from typing import Any

import pytest
from tests.operator_backups import home as homes
from tests.operator_backups.job_pods import JobPods
from tests.operator_faults.kubernetes_api import Object, wait_until
from tests.operator_faults.world import World


POLICY: dict[str, Any] = {"deletionPolicy": "BackupThenDelete"}


def test_a_server_goes_when_its_last_backup_was_made_and_restored(
    world: World, pods: JobPods
) -> None:
    with homes.home(world, pods, "last", **POLICY) as home:
        assert home.get("AuthlyServer")["metadata"]["finalizers"] == ["authly.dev/registration"]
        home.pods.held.add((home.namespace, "backup"))
        world.api.delete("AuthlyServer", home.namespace, "main")
        (name,) = waited_for(home)
        assert "deletionTimestamp" in home.get("AuthlyServer")["metadata"]
        assert world.api.find("Secret", home.namespace, "main-credentials") is not None
        home.operator.end()  # whoever comes after goes on with it
        home.operator.start()
        home.pods.held.clear()
        made = home.ended("AuthlyBackup", name)
        assert made["status"]["phase"] == "Succeeded"
        assert made["status"]["verifiedTime"]
        assert "ownerReferences" not in made["metadata"]
        wait_until(
            "the end of the server",
            lambda: world.api.find("AuthlyServer", home.namespace, "main") is None,
            homes.PATIENCE,
        )
        world.api.wait_gone("Secret", home.namespace, "main-credentials")
        assert home.get("AuthlyBackup", name)["status"]["location"].endswith(home.dumps()[-1])


def test_a_backup_that_fails_is_told_of_and_made_again_until_it_is_good(
    world: World, pods: JobPods
) -> None:
    with homes.home(world, pods, "again", **POLICY) as home:
        pods.spoiled.add(home.namespace)
        try:
            world.api.delete("AuthlyServer", home.namespace, "main")
            (name,) = waited_for(home)
            failure = f"AuthlyBackup {name} failed, and is made again until "
            wait_until("the failure", lambda: said(home, failure) != [], homes.PATIENCE)
            assert has_data(home)
        finally:
            pods.spoiled.clear()
        (note, *_) = said(home, failure)
        assert "authly-server backup: " in note
        world.api.wait_for(
            "AuthlyBackup",
            home.namespace,
            name,
            lambda found: (found.get("status") or {}).get("phase") == "Succeeded",
            homes.PATIENCE,
        )
        world.api.wait_gone("AuthlyServer", home.namespace, "main")
        world.api.wait_gone("Secret", home.namespace, "main-credentials")


def test_without_a_backup_in_time_the_server_goes_and_its_data_stays(
    world: World, pods: JobPods
) -> None:
    impatient = {"AUTHLY_LAST_BACKUP_SECONDS": "5"}
    with homes.home(world, pods, "late", impatient, **POLICY) as home:
        pods.held.add((home.namespace, "backup"))
        try:
            world.api.delete("AuthlyServer", home.namespace, "main")
            (name,) = waited_for(home)
            world.api.wait_gone("AuthlyServer", home.namespace, "main")
        finally:
            pods.held.clear()
        (note, *_) = said(home, "deleted without a last backup: ")
        assert f"AuthlyBackup {name} was not made in time" in note
        assert note.endswith("; the data stays")
        world.api.wait_gone("Deployment", home.namespace, "main")
        assert has_data(home)


@pytest.mark.parametrize(("policy", "stays"), [("Delete", False), ("Retain", True)])
def test_another_policy_lets_a_server_go_that_waits_for_its_backup(
    world: World, pods: JobPods, policy: str, stays: bool
) -> None:
    with homes.home(world, pods, "changed", **POLICY) as home:
        home.pods.held.add((home.namespace, "backup"))
        try:
            world.api.delete("AuthlyServer", home.namespace, "main")
            waited_for(home)
            patch = {"spec": {"deletionPolicy": policy}}
            world.api.merge("AuthlyServer", home.namespace, "main", patch)
            world.api.wait_gone("AuthlyServer", home.namespace, "main")
        finally:
            home.pods.held.clear()
        world.api.wait_gone("Deployment", home.namespace, "main")
        if stays:
            assert has_data(home)
        else:
            world.api.wait_gone("Secret", home.namespace, "main-credentials")


def test_what_takes_children_first_takes_nothing_before_the_backup_is_made(
    world: World, pods: JobPods
) -> None:
    with homes.home(world, pods, "foreground", **POLICY) as home:
        before = home.get("Deployment")["metadata"]["uid"]
        home.pods.held.add((home.namespace, "backup"))
        try:
            foreground = {"propagationPolicy": "Foreground"}
            world.api.delete("AuthlyServer", home.namespace, "main", **foreground)
            (name,) = waited_for(home)
            world.api.wait_for(
                "Deployment",
                home.namespace,
                "main",
                lambda found: found["metadata"]["uid"] != before,
            )
            world.api.wait_for("AuthlyServer", home.namespace, "main", is_left_alone)
            assert has_data(home)
        finally:
            home.pods.held.clear()
        assert home.ended("AuthlyBackup", name)["status"]["phase"] == "Succeeded"
        world.api.wait_gone("AuthlyServer", home.namespace, "main")
        for kind, gone in (("Deployment", "main"), ("Secret", "main-credentials")):
            world.api.wait_gone(kind, home.namespace, gone)


def test_a_namespace_that_is_deleted_waits_for_no_backup_and_says_so(
    world: World, pods: JobPods
) -> None:
    with homes.home(world, pods, "going", **POLICY) as home:
        world.api.delete("Namespace", None, home.namespace)
        wait_until(
            "the end of the namespace",
            lambda: world.api.find("Namespace", None, home.namespace) is None,
            homes.PATIENCE,
        )


def test_without_the_policy_nothing_holds_a_server(world: World, pods: JobPods) -> None:
    with homes.home(world, pods, "free") as home:
        assert "finalizers" not in home.get("AuthlyServer")["metadata"]
        home.serve(backup=homes.BACKUP, **POLICY)
        wait_until("the finalizer", lambda: "finalizers" in home.get("AuthlyServer")["metadata"])
        home.serve(backup=homes.BACKUP, deletionPolicy="Retain")
        wait_until("no finalizer", lambda: "finalizers" not in home.get("AuthlyServer")["metadata"])


def waited_for(home: homes.Home) -> list[str]:
    """The names of the last backups that a server waits for."""
    found: list[str] = []

    def there() -> bool:
        every = home.world.api.select("AuthlyBackup", home.namespace)
        found[:] = [one["metadata"]["name"] for one in every]
        return bool(found)

    wait_until("the last backup", there)
    assert all(name.startswith("main-last-") for name in found)
    return found


def is_left_alone(server: Object) -> bool:
    """Whether the garbage collector has taken what it found, and waits for us."""
    return "foregroundDeletion" not in server["metadata"]["finalizers"]


def said(home: homes.Home, beginning: str) -> list[str]:
    """The notes of events that begin so."""
    events = home.world.api.select("Event", home.namespace)
    return [one["note"] for one in events if one.get("note", "").startswith(beginning)]


def has_data(home: homes.Home) -> bool:
    """Whether there is what cannot be made again, and nothing takes it away."""
    names = ("main-credentials", "main-signing-keys")
    found = [home.world.api.find("Secret", home.namespace, name) for name in names]
    return all(one is not None and "ownerReferences" not in one["metadata"] for one in found)
