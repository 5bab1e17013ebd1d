"""AuthlyBackups and AuthlyRestores of an instance: asked for, waited for, and what they tell."""

from typing import Any

from tests.e2e import external, instance as instances
from tests.e2e.instance import Instance
from tests.e2e.kube import Object, condition


PATIENCE = 300.0
DATABASE_POD = "main-database-0"
FINAL = frozenset({"Succeeded", "Failed"})


def ask(instance: Instance, kind: str, name: str, **spec: Any) -> None:
    wanted = {"serverRef": {"name": instance.name}, **spec}
    instance.kube.apply(instances.resource(kind, name, instance.namespace, wanted))


def ended(instance: Instance, kind: str, name: str) -> Object:
    """The status of one that succeeded."""
    over = instance.kube.wait_for(kind, name, instance.namespace, _is_over, PATIENCE)
    status: Object = over["status"]
    assert status["phase"] == "Succeeded", condition(over, "Ready")
    return status


def _is_over(resource: Object) -> bool:
    return (resource.get("status") or {}).get("phase") in FINAL


def back_up(instance: Instance, name: str, **spec: Any) -> Object:
    ask(instance, "AuthlyBackup", name, **spec)
    return ended(instance, "AuthlyBackup", name)


def psql(instance: Instance, statement: str) -> str:
    return external.psql(instance.kube, instance.namespace, "authly", statement, DATABASE_POD)


def file_of(status: Object) -> str:
    return str(status["location"]).rpartition("/")[2]


def runs(instance: Instance) -> list[str]:
    """The Jobs that the CronJob has made, oldest first."""
    jobs = instance.kube.select("jobs", instance.namespace)
    made = [job for job in jobs if _maker(job) == ("CronJob", "main-backup")]
    return sorted(str(job["metadata"]["name"]) for job in made)


def _maker(job: Object) -> tuple[str, str]:
    (owner,) = job["metadata"]["ownerReferences"]
    return owner["kind"], owner["name"]


def backups(instance: Instance) -> list[str]:
    found = instance.kube.select("authlybackups", instance.namespace)
    return [str(one["metadata"]["name"]) for one in found]
