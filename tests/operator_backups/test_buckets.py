"""Backups that go to S3 by resources, and come back; a bucket that fails or hangs is told of."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from tests.operator_backups import home as homes
from tests.operator_backups.home import Home, why
from tests.operator_backups.job_pods import JobPods
from tests.operator_faults.kubernetes_api import Object, is_ready, opaque
from tests.operator_faults.world import World

from throwaway import registration, s3
from throwaway.stubborn import FAILING, SILENT, answering


BUCKET, PREFIX = "backups", "nightly/"
PEOPLE = "SELECT count(*) FROM authly.users"
IMPATIENT = [{"name": "BACKUP_S3_TIMEOUT_SECONDS", "value": "1"}]


@dataclass
class Shop:
    """A server with backups to a bucket."""

    home: Home
    gateway: s3.Gateway

    def names(self, prefix: str = PREFIX) -> list[str]:
        directory = self.gateway.directory / "buckets" / BUCKET / prefix
        return sorted(one.name for one in directory.glob("*.sql.gz"))

    def read(self, status: Object) -> bytes:
        """The bytes of a backup."""
        key = str(status["location"]).removeprefix(f"s3://{BUCKET}/")
        return (self.gateway.directory / "buckets" / BUCKET / key).read_bytes()

    def add_somebody(self, name: str) -> int:
        """Somebody whom no backup knows; how many there are then."""
        registration.add_user(self.home.url, f"{name}@example.org")
        return self.people()

    def people(self) -> int:
        ((count,),) = homes.rows(self.home.url, PEOPLE)
        return int(count)

    def serve(self, **backup: object) -> None:
        self.home.serve(extraEnv=IMPATIENT, backup=homes.BACKUP | backup)


def destination(endpoint: str, prefix: str = PREFIX) -> Object:
    place = {"bucket": BUCKET, "prefix": prefix, "region": s3.REGION, "endpoint": endpoint}
    return {"s3": place | {"credentialsSecretRef": {"name": "s3"}}}


@pytest.fixture(scope="module")
def shop(world: World, pods: JobPods) -> Iterator[Shop]:
    gateway = s3.create()
    try:
        (gateway.directory / "buckets" / BUCKET).mkdir()
        with homes.home(world, pods, "bucket", extraEnv=IMPATIENT) as home:
            keys = {
                "AWS_ACCESS_KEY_ID": s3.ACCESS_KEY_ID,
                "AWS_SECRET_ACCESS_KEY": s3.SECRET_ACCESS_KEY,
            }
            world.api.apply(opaque(home.namespace, "s3", **keys))
            made = Shop(home, gateway)
            made.serve(destination=destination(gateway.endpoint))
            yield made
    finally:
        gateway.close()


def restore(home: Home, name: str, **source: object) -> Object:
    home.ask("AuthlyRestore", name, source=source, acknowledgeDataLoss=True)
    return home.ended("AuthlyRestore", name)


def test_a_backup_goes_to_the_bucket_and_comes_back_by_where_it_is(shop: Shop) -> None:
    made = shop.home.back_up("first", verify=True)
    status = made["status"]
    assert status["phase"] == "Succeeded", why(made)
    assert status["location"].startswith(f"s3://{BUCKET}/{PREFIX}")
    written = shop.read(status)
    assert (status["size"], status["sha256"]) == (len(written), hashlib.sha256(written).hexdigest())
    assert status["verifiedTime"]

    before = shop.add_somebody("first")
    shop.home.world.api.delete("AuthlyBackup", shop.home.namespace, "first")
    restored = restore(shop.home, "first", location=status["location"])
    assert restored["status"]["phase"] == "Succeeded", ": ".join(why(restored))
    assert restored["status"]["location"] == status["location"]
    assert shop.people() == before - 1
    assert any("-before-restore-" in name for name in shop.names())


def test_a_backup_with_a_bucket_of_its_own_comes_back_from_there(shop: Shop) -> None:
    home = shop.home
    shop.serve()
    own = destination(shop.gateway.endpoint, "elsewhere/")
    made = home.back_up("elsewhere", destination=own)
    assert made["status"]["location"].startswith(f"s3://{BUCKET}/elsewhere/")
    before = shop.add_somebody("elsewhere")
    restored = restore(home, "elsewhere", backupRef={"name": "elsewhere"})
    assert restored["status"]["phase"] == "Succeeded", ": ".join(why(restored))
    assert shop.people() == before - 1
    shop.serve(destination=destination(shop.gateway.endpoint))


def check_told(one: Object, reason: str, said: str) -> None:
    assert (one["status"]["phase"], why(one)[0]) == ("Failed", reason)
    assert f"bucket {BUCKET}: " in why(one)[1]
    assert said in why(one)[1]
    assert s3.SECRET_ACCESS_KEY not in str(one)


def test_a_bucket_that_fails_or_hangs_is_told_of_and_changes_nothing(shop: Shop) -> None:
    home = shop.home
    location = home.back_up("before")["status"]["location"]
    people, files = shop.add_somebody("broken"), shop.names()
    with answering(SILENT) as port:
        shop.serve(destination=destination(f"http://127.0.0.1:{port}"))
        check_told(home.back_up("hangs"), "BackupFailed", "imeout")
    with answering(FAILING) as port:
        shop.serve(destination=destination(f"http://127.0.0.1:{port}"))
        check_told(home.back_up("fails"), "BackupFailed", "500")
        check_told(restore(home, "fails", location=location), "RestoreFailed", "500")
    shop.serve(destination=destination(shop.gateway.endpoint))

    assert shop.people() == people
    assert shop.names() == files
    home.world.api.wait_for("AuthlyServer", home.namespace, "main", is_ready)
    assert home.back_up("after")["status"]["phase"] == "Succeeded"
