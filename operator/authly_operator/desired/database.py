"""The StatefulSet of a managed PostgreSQL 15, by the contract of the image postgres:15."""

from collections.abc import Mapping
from typing import Final

from authly_operator import naming
from authly_operator.api import database as databases
from authly_operator.desired import (
    claim_template,
    database_service,
    environment,
    fingerprint,
    metadata,
    pod,
    postgresql,
    resources,
    streaming,
)
from authly_operator.desired.plan import Plan
from authly_operator.material import database_url, replication
from authly_operator.observed import Manifest


REQUESTS: Final = {"cpu": "100m", "memory": "256Mi"}
USER: Final = 999
"""User and group `postgres` of the image."""
_COMPONENT: Final = naming.Component.DATABASE
SHUTDOWN_SECONDS: Final = 120
"""Enough for a fast shutdown's checkpoint: the image's stop signal is SIGINT, which asks for it."""
_SOCKETS: Final = "/var/run/postgresql"
_VOLUME: Final = "/var/lib/postgresql/data"
DATA: Final = f"{_VOLUME}/pgdata"
"""Below the mount: a volume's root may hold lost+found, which initdb refuses."""
_PASSWORDS: Final = ("postgres-password", replication.PASSWORD)
PORTS: Final = [{"name": "postgresql", "containerPort": database_service.PORT, "protocol": "TCP"}]
SOCKETS_VOLUME: Final[pod.Part] = {"name": "sockets", "emptyDir": {}}
MOUNTS: Final = (
    {"name": "data", "mountPath": _VOLUME},
    {"name": "sockets", "mountPath": _SOCKETS},
)


def build(plan: Plan) -> Manifest:
    """The StatefulSet of spec.database.managed.

    Pod management is Parallel since OrderedReady never replaces a pod that was rolled out broken;
    of one pod there is no order.
    """
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": metadata.build(plan, naming.database(plan.name), _COMPONENT),
        "spec": {
            "replicas": 1,
            "revisionHistoryLimit": 3,
            "podManagementPolicy": "Parallel",
            "serviceName": naming.database(plan.name),
            "selector": {"matchLabels": naming.selector(plan.name, _COMPONENT)},
            "persistentVolumeClaimRetentionPolicy": _retention(plan),
            "volumeClaimTemplates": [
                claim_template.build(plan, naming.database(plan.name), _managed(plan).storage)
            ],
            "template": _template(plan),
        },
    }


def is_wanted(plan: Plan) -> bool:
    """Whether the operator runs the database."""
    return plan.spec.database.managed is not None


def is_settled(plan: Plan) -> bool:
    """Whether no pod of before is still there, which ends and knows the passwords of before only.

    So is a database that others run: of that nobody knows.
    """
    if not is_wanted(plan):
        return True
    seen = plan.seen.child("StatefulSet", naming.database(plan.name))
    if seen is None:
        return False
    status, annotations = (
        seen.get("status", {}),
        seen["spec"]["template"]["metadata"]["annotations"],
    )
    caught_up = status.get("observedGeneration", 0) >= seen["metadata"].get("generation", 0)
    known = annotations.get(naming.PASSWORD_HASH_ANNOTATION) == _password_hash(plan)
    return caught_up and known and bool(status.get("updatedReplicas"))


def _managed(plan: Plan) -> databases.Managed:
    return plan.spec.database.managed or databases.Managed()


def _retention(plan: Plan) -> dict[str, str]:
    deleted = plan.spec.deletion_policy.deletes_data
    return {"whenDeleted": "Delete" if deleted else "Retain", "whenScaled": "Retain"}


def _template(plan: Plan) -> pod.Part:
    return pod.template(
        plan,
        _COMPONENT,
        _container(plan),
        annotations={naming.PASSWORD_HASH_ANNOTATION: _password_hash(plan)},
        volumes=[SOCKETS_VOLUME],
        user=USER,
        terminationGracePeriodSeconds=SHUTDOWN_SECONDS,
    )


def _password_hash(plan: Plan) -> str:
    """What replaces the pod where the Secret was lost, so that it sets the password that is new.

    Passwords that a Job has set replace nothing.
    """
    rotated = plan.material.passwords is not None and plan.material.passwords.set_by_job
    if rotated and (found := _found_hash(plan)):
        return found
    passwords = (plan.material.credentials.get(key) for key in _PASSWORDS)
    return fingerprint.of(plan.seen.identity.uid, *filter(None, passwords))


def _found_hash(plan: Plan) -> str | None:
    seen = plan.seen.child("StatefulSet", naming.database(plan.name)) or {}
    template = seen.get("spec", {}).get("template", {}).get("metadata", {})
    found: str | None = (template.get("annotations") or {}).get(naming.PASSWORD_HASH_ANNOTATION)
    return found


def _container(plan: Plan) -> pod.Part:
    return pod.container(
        "postgresql",
        plan.database_image,
        args=postgresql.arguments(_parameters(plan)),
        env=_environment(plan),
        resources=resources.build(_managed(plan).resources, REQUESTS),
        mounts=MOUNTS,
        ports=PORTS,
        lifecycle={"postStart": {"exec": {"command": ["sh", "-c", _hook(plan)]}}},
        startupProbe=probe(postgresql.IS_ALIVE, period=5, failures=120),
        livenessProbe=probe(postgresql.IS_ALIVE, period=10, failures=6),
        readinessProbe=probe(postgresql.IS_READY, period=5, failures=3),
    )


def _parameters(plan: Plan) -> Mapping[str, str]:
    managed = _managed(plan)
    return {**(streaming.PRIMARY if managed.replicas else {}), **managed.parameters}


def _hook(plan: Plan) -> str:
    return streaming.ADMIT if _managed(plan).replicas else postgresql.SET_PASSWORD


def _environment(plan: Plan) -> list[environment.Variable]:
    contract = {
        "POSTGRES_DB": database_url.MANAGED_NAME,
        "POSTGRES_USER": database_url.MANAGED_OWNER,
        "POSTGRES_INITDB_ARGS": "--data-checksums",
        "PGDATA": DATA,
    }
    passwords = {"POSTGRES_PASSWORD": "postgres-password"}
    if _managed(plan).replicas:
        passwords[streaming.PASSWORD_VARIABLE] = replication.PASSWORD
    return [*environment.plain(contract), *environment.of_credentials(plan, passwords)]


def probe(script: str, *, period: int, failures: int, seconds: int = 5) -> pod.Part:
    """A probe by a shell script; `period` and `seconds`, its time-out, in seconds."""
    return {
        "exec": {"command": ["sh", "-c", script]},
        "periodSeconds": period,
        "timeoutSeconds": seconds,
        "failureThreshold": failures,
    }
