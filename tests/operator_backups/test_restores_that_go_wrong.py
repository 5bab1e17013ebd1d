"""A restore that cannot be done leaves what serves as it is; one that was killed is finished."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.operator_backups import home as homes
from tests.operator_backups.home import Home, is_over, why
from tests.operator_backups.job_pods import JobPods
from tests.operator_faults.kubernetes_api import Object, is_ready, wait_until
from tests.operator_faults.world import World

from throwaway import registration


PAIRS = [
    ("dump", "pre-backup"),
    ("fetch", "checksum"),
    ("load", "migrate"),
    ("fence", "swap"),
]
PEOPLE = "SELECT count(*) FROM authly.users"


@pytest.fixture(scope="module")
def home(world: World, pods: JobPods) -> Iterator[Home]:
    """A server with one backup, `base`."""
    with homes.home(world, pods, "wrong") as made:
        assert made.back_up("base")["status"]["phase"] == "Succeeded"
        yield made


def ask(home: Home, name: str, backup: str = "base", **spec: Any) -> None:
    source = {"backupRef": {"name": backup}}
    home.ask("AuthlyRestore", name, **({"source": source, "acknowledgeDataLoss": True} | spec))


def served(home: Home) -> Object:
    return home.world.api.wait_for("AuthlyServer", home.namespace, "main", is_ready, homes.PATIENCE)


def number_of_people(home: Home) -> int:
    ((count,),) = homes.rows(home.url, PEOPLE)
    return int(count)


def add_somebody(home: Home, name: str) -> int:
    """Somebody whom no backup knows; how many there are then."""
    registration.add_user(home.url, f"{name}@example.org")
    return number_of_people(home)


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_a_pod_that_is_killed_in_a_step_is_followed_by_one_that_ends_the_restore(
    home: Home, pair: tuple[str, str]
) -> None:
    name = "killed-" + "-".join(pair)
    before = add_somebody(home, name)
    home.pods.doomed |= {(home.namespace, container) for container in pair}
    ask(home, name)
    restored = home.ended("AuthlyRestore", name)
    assert restored["status"]["phase"] == "Succeeded", ": ".join(why(restored))
    for container in pair:
        assert (home.namespace, container, 137) in home.pods.ran
    assert number_of_people(home) == before - 1
    served(home)


def test_a_damaged_backup_changes_nothing_and_the_server_serves_again(home: Home) -> None:
    made = home.back_up("damaged")
    path = home.files / made["status"]["location"].rpartition("/")[2]
    path.write_bytes(path.read_bytes()[:-100])
    before = add_somebody(home, "damaged")
    ask(home, "damaged", "damaged")
    failed = home.ended("AuthlyRestore", "damaged")
    assert failed["status"]["phase"] == "Failed"
    assert why(failed)[0] == "RestoreFailed"
    assert "is not what its checksum says" in why(failed)[1]
    assert number_of_people(home) == before
    served(home)
    assert "finalizers" not in home.get("AuthlyRestore", "damaged")["metadata"]


def test_a_newer_schema_is_refused_before_anything_is_touched(home: Home) -> None:
    made = home.back_up("newer")
    status = {"status": {"schemaRevision": made["status"]["schemaRevision"] + 1}}
    home.world.api.merge("AuthlyBackup", home.namespace, "newer", status, "status")
    before = home.get("Deployment")["metadata"]["generation"]
    ask(home, "newer", "newer")
    failed = home.ended("AuthlyRestore", "newer")
    assert (failed["status"]["phase"], why(failed)[0]) == ("Failed", "SchemaNewer")
    assert home.get("Deployment")["metadata"]["generation"] == before
    assert "job" not in failed["status"]


def test_a_backup_that_is_elsewhere_is_waited_for_and_nothing_is_touched(home: Home) -> None:
    before = home.get("Deployment")["metadata"]["generation"]
    source = {"location": "s3://somewhere/else/main-20310506T070809Z.sql.gz"}
    ask(home, "elsewhere", source=source)
    ask(home, "unknown", "nobody")
    for name in ("elsewhere", "unknown"):
        told = home.world.api.wait_for(
            "AuthlyRestore", home.namespace, name, lambda found: bool(why(found)[0])
        )
        assert (why(told)[0], told["status"]["phase"]) == ("SourceNotFound", "Pending")
        home.world.api.delete("AuthlyRestore", home.namespace, name)
        home.world.api.wait_gone("AuthlyRestore", home.namespace, name)
    assert home.get("Deployment")["metadata"]["generation"] == before


def test_two_restores_at_once_are_done_one_after_the_other(home: Home) -> None:
    ask(home, "one")
    ask(home, "two")
    ended = [home.ended("AuthlyRestore", name) for name in ("one", "two")]
    assert [why(one)[0] for one in ended] == ["Restored"] * 2, [
        ": ".join(why(one)) for one in ended
    ]
    first, second = sorted(
        (one["status"] for one in ended), key=lambda status: status["steps"][0]["startTime"]
    )
    assert first["completionTime"] <= second["steps"][0]["startTime"]
    served(home)


def test_a_restore_waits_for_a_backup_that_runs_and_a_backup_for_a_restore(home: Home) -> None:
    place = home.namespace, "backup"
    home.pods.held.add(place)
    home.ask("AuthlyBackup", "running")
    home.world.api.wait_for(
        "AuthlyBackup",
        home.namespace,
        "running",
        lambda found: (found.get("status") or {}).get("phase") == "Running",
    )
    ask(home, "waiting")
    told = home.world.api.wait_for(
        "AuthlyRestore", home.namespace, "waiting", lambda found: bool(why(found)[0])
    )
    assert why(told)[0] == "RestoreWaiting"
    assert "Job main-backup-" in why(told)[1]
    home.pods.held |= {(home.namespace, "checksum")}
    home.pods.held.discard(place)
    home.ended("AuthlyBackup", "running")
    wait_until(
        "the checksum", lambda: (home.namespace, "fetch", 0) in home.pods.ran[-2:], homes.PATIENCE
    )
    home.ask("AuthlyBackup", "meanwhile")
    told = home.world.api.wait_for(
        "AuthlyBackup", home.namespace, "meanwhile", lambda found: bool(why(found)[0])
    )
    assert why(told) == ("BackupWaiting", "the backup is made when AuthlyRestore waiting is over")
    home.pods.held.clear()
    assert home.ended("AuthlyRestore", "waiting")["status"]["phase"] == "Succeeded"
    assert home.ended("AuthlyBackup", "meanwhile")["status"]["phase"] == "Succeeded"


def test_a_restore_that_is_deleted_half_way_is_finished_before_it_goes(home: Home) -> None:
    before = add_somebody(home, "deleted")
    home.pods.held.add((home.namespace, "load"))
    ask(home, "deleted")
    wait_until(
        "the checksum",
        lambda: (home.namespace, "checksum", 0) in home.pods.ran[-2:],
        homes.PATIENCE,
    )
    home.world.api.delete("AuthlyRestore", home.namespace, "deleted")
    home.pods.held.clear()
    home.world.api.wait_gone("AuthlyRestore", home.namespace, "deleted")
    assert number_of_people(home) == before - 1
    served(home)


def test_a_backup_is_tried_while_the_server_serves_and_dated(home: Home) -> None:
    before = home.get("Deployment")["metadata"]["generation"]
    dated = home.get("AuthlyBackup", "base")["status"].get("verifiedTime")
    ask(home, "tried", mode="Verify", acknowledgeDataLoss=False)
    tried = home.ended("AuthlyRestore", "tried")
    assert [step["name"] for step in tried["status"]["steps"]] == ["Verify"]
    assert tried["status"]["phase"] == "Succeeded"
    assert home.get("Deployment")["metadata"]["generation"] == before
    home.world.api.wait_for(
        "AuthlyBackup",
        home.namespace,
        "base",
        lambda found: found["status"].get("verifiedTime") not in {None, dated},
    )


def test_a_restore_that_is_over_is_not_done_again_by_the_next_operator(home: Home) -> None:
    over = home.get("AuthlyRestore", "tried")
    home.operator.end()
    home.operator.start()
    home.back_up("afterwards")
    assert is_over(over)
    now = home.get("AuthlyRestore", "tried")
    assert now["metadata"]["resourceVersion"] == over["metadata"]["resourceVersion"]
