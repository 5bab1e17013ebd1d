"""A backup of another key, and a claim without room: told in one line, and nothing changes."""

import base64
import os
from collections.abc import Iterator

import pytest
from tests.operator_backups import home as homes
from tests.operator_backups.home import Home, why
from tests.operator_backups.job_pods import JobPods
from tests.operator_faults.kubernetes_api import Object, is_ready, opaque
from tests.operator_faults.world import World

from throwaway import registration, small_disk


PEOPLE = "SELECT count(*) FROM authly.users"
SEALED = {**homes.BACKUP, "encryption": {"keySecretRef": {"name": "seal", "key": "key"}}}
KEYS = {name: base64.b64encode(name[:1].encode() * 32).decode() for name in ("ours", "theirs")}


@pytest.fixture(scope="module")
def home(world: World, pods: JobPods) -> Iterator[Home]:
    with homes.home(world, pods, "useless") as made:
        yield made


def people(home: Home) -> int:
    ((count,),) = homes.rows(home.url, PEOPLE)
    return int(count)


def restore(home: Home, name: str, backup: str) -> Object:
    source = {"backupRef": {"name": backup}}
    home.ask("AuthlyRestore", name, source=source, acknowledgeDataLoss=True)
    return home.ended("AuthlyRestore", name)


def check_failed(home: Home, restored: Object, said: str, people_before: int) -> None:
    assert (restored["status"]["phase"], why(restored)[0]) == ("Failed", "RestoreFailed")
    assert said in why(restored)[1]
    assert all(key not in str(restored) for key in KEYS.values())
    assert people(home) == people_before
    home.world.api.wait_for("AuthlyServer", home.namespace, "main", is_ready)


def test_an_encrypted_backup_comes_back_by_its_key_and_by_no_other(home: Home) -> None:
    api = home.world.api
    api.apply(opaque(home.namespace, "seal", key=KEYS["ours"]))
    home.serve(backup=SEALED)
    made = home.back_up("sealed", verify=True)
    assert made["status"]["encrypted"] is True
    assert made["status"]["location"].endswith(".sql.gz.enc")
    registration.add_user(home.url, "late@example.org")
    before = people(home)

    api.apply(opaque(home.namespace, "seal", key=KEYS["theirs"]))
    check_failed(home, restore(home, "other-key", "sealed"), "another key", before)
    api.apply(opaque(home.namespace, "seal", key=KEYS["ours"]))
    restored = restore(home, "its-key", "sealed")
    assert restored["status"]["phase"] == "Succeeded", ": ".join(why(restored))
    assert people(home) == before - 1
    home.serve(backup=homes.BACKUP)


def test_a_claim_without_room_is_told_of_and_what_is_on_it_stays(home: Home) -> None:
    assert home.back_up("whole")["status"]["phase"] == "Succeeded"
    registration.add_user(home.url, "later@example.org")
    before, files = people(home), home.dumps()
    kept = {name: (home.files / name).read_bytes() for name in files}
    told = [*home.files.glob("*.json"), *home.files.glob("*.sha256")]
    beside = {one.name: one.read_bytes() for one in told}
    with small_disk.mounted(home.files, "2m"):
        for name, content in {**kept, **beside}.items():
            (home.files / name).write_bytes(content)
        (home.files / "ballast").write_bytes(b"x" * _room(home))
        failed = home.back_up("no-room")
        assert (failed["status"]["phase"], why(failed)[0]) == ("Failed", "BackupFailed")
        assert "No space left on device" in why(failed)[1]
        # It would first back up what is there now.
        check_failed(home, restore(home, "no-room", "whole"), "No space left on device", before)
        assert home.dumps() == files
    assert restore(home, "room", "whole")["status"]["phase"] == "Succeeded"
    assert people(home) == before - 1


def _room(home: Home) -> int:
    """The bytes that are left on the claim, but for a few."""
    found = os.statvfs(home.files)
    return found.f_bavail * found.f_frsize - 4096
