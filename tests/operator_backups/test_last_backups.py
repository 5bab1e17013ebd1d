"""BackupThenDelete: data goes when its last backup was seen to be good, and nothing hangs."""

from tests.operator_backups import home as homes
from tests.operator_backups.job_pods import JobPods
from tests.operator_faults.kubernetes_api import wait_until
from tests.operator_faults.world import World


POLICY = {"deletionPolicy": "BackupThenDelete"}


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


def test_another_policy_lets_a_server_go_that_waits_for_its_backup(
    world: World, pods: JobPods
) -> None:
    with homes.home(world, pods, "changed", **POLICY) as home:
        home.pods.held.add((home.namespace, "backup"))
        try:
            world.api.delete("AuthlyServer", home.namespace, "main")
            waited_for(home)
            patch = {"spec": {"deletionPolicy": "Delete"}}
            world.api.merge("AuthlyServer", home.namespace, "main", patch)
            world.api.wait_gone("AuthlyServer", home.namespace, "main")
        finally:
            home.pods.held.clear()


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
