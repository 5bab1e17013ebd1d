"""A database is dumped by the pg_dump of its own major version, out of an image that has that."""

from typing import Any

import pytest
from tests.operator_desired import plans

from authly_operator import desired
from authly_operator.api import authly_backup, authly_restore, backup
from authly_operator.desired import backup_job, restore_job
from authly_operator.observed import DatabaseProbe, Identity, Settings


EXTERNAL = plans.EXTERNAL["database"]["external"]
PRIVATE = "registry.example.com:5000/library/postgres"
OURS = {"image": f"{PRIVATE}:15.9"}
NAMED = {"image": "example.com/pg@sha256:1234"}
IDENTITY = Identity(name="now", namespace="auth", uid="0123456789", generation=1)
PLACE = backup.Destination.model_validate(plans.DUMPS["destination"])


def dumped_by(database: dict[str, Any], **seen: Any) -> str | None:
    return plans.plan({**plans.MINIMAL, "database": database}, **seen).dump_image


@pytest.mark.parametrize(
    ("database", "version", "image"),
    [
        ({"managed": {}}, None, "postgres:15"),
        ({"managed": OURS}, "15.9", f"{PRIVATE}:15.9"),
        ({"managed": OURS, "dump": NAMED}, "15.9", NAMED["image"]),
        ({"external": EXTERNAL}, "18.6", "postgres:18"),
        ({"external": EXTERNAL}, None, None),
        ({"external": EXTERNAL, "dump": NAMED}, None, NAMED["image"]),
        ({"cloudNativePG": {"clusterRef": {"name": "shop"}}}, "17.0", "postgres:17"),
    ],
)
def test_the_image_is_the_databases_own_or_follows_from_its_version(
    database: dict[str, Any], version: str | None, image: str | None
) -> None:
    assert dumped_by(database, postgres_version=version) == image


@pytest.mark.parametrize("ours", [f"{PRIVATE}:15", f"{PRIVATE}@sha256:1234", PRIVATE])
def test_a_private_registry_is_named_once_for_the_operator(ours: str) -> None:
    settings = Settings(database_image=ours)
    found = dumped_by({"external": EXTERNAL}, postgres_version="18.6", settings=settings)
    assert found == f"{PRIVATE}:18"


def test_no_schedule_begins_before_it_is_known_which_version_there_is() -> None:
    unknown = plans.plan(plans.EXTERNAL, postgres_version=None, database=DatabaseProbe())
    names = {one["metadata"]["name"] for one in plans.everything(unknown)}
    assert "main-maintenance" in names
    assert "main-backup" not in names
    cronjob = {"kind": "CronJob", "metadata": {"name": "main-backup"}}
    seen = plans.with_children(plans.migrated(unknown), cronjob)
    assert ("CronJob", "main-backup") in desired.held(seen)


def test_a_backup_and_the_safety_backup_of_a_restore_are_dumped_alike() -> None:
    plan = plans.plan(plans.EXTERNAL, postgres_version="18.6")
    asked = {"serverRef": {"name": "main"}}
    made = backup_job.build(plan, authly_backup.Spec.model_validate(asked), IDENTITY)[-1]
    given = {**asked, "source": {"location": "pvc://dumps/x"}, "acknowledgeDataLoss": True}
    spec = authly_restore.Spec.model_validate(given)
    back = restore_job.build(plan, spec, IDENTITY, PLACE, "x")[-1]
    dumps = [
        [one for one in job["spec"]["template"]["spec"]["initContainers"] if one["name"] == "dump"]
        for job in (made, back)
    ]
    assert dumps[0] == dumps[1]
    assert dumps[0][0]["image"] == "postgres:18"


def test_a_restore_that_is_only_tried_dumps_nothing() -> None:
    plan = plans.plan(plans.EXTERNAL, postgres_version=None)
    given = {"serverRef": {"name": "main"}, "source": {"location": "pvc://dumps/x"}}
    spec = authly_restore.Spec.model_validate({**given, "mode": "Verify"})
    job = restore_job.build(plan, spec, IDENTITY, PLACE, "x")[-1]
    pod = job["spec"]["template"]["spec"]
    assert "initContainers" not in pod
    assert {"order", "dumps"} & {one["name"] for one in pod["volumes"]} == set()
