"""The StatefulSet of a managed PostgreSQL 15, by the contract of the image postgres:15."""

from typing import Any, Final

from authly_operator import naming
from authly_operator.api import authly_server, database as databases
from authly_operator.desired import (
    database_service,
    environment,
    fingerprint,
    metadata,
    pod,
    postgresql,
    quantity,
    resources,
)
from authly_operator.desired.plan import Plan
from authly_operator.material import database_url
from authly_operator.observed import Manifest


REQUESTS: Final = {"cpu": "100m", "memory": "256Mi"}
USER: Final = 999
"""User and group `postgres` of the image."""
_COMPONENT: Final = naming.Component.DATABASE
_SHUTDOWN_SECONDS: Final = 120
"""Enough for a fast shutdown's checkpoint: the image's stop signal is SIGINT, which asks for it."""
_SOCKETS: Final = "/var/run/postgresql"
_VOLUME: Final = "/var/lib/postgresql/data"


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
            "volumeClaimTemplates": [_claim(plan)],
            "template": _template(plan),
        },
    }


def is_wanted(plan: Plan) -> bool:
    """Whether the operator runs the database."""
    return plan.spec.database.managed is not None


def _managed(plan: Plan) -> databases.Managed:
    return plan.spec.database.managed or databases.Managed()


def _retention(plan: Plan) -> dict[str, str]:
    deleted = plan.spec.deletion_policy is authly_server.DeletionPolicy.DELETE
    return {"whenDeleted": "Delete" if deleted else "Retain", "whenScaled": "Retain"}


def _claim(plan: Plan) -> dict[str, Any]:
    """The claim of the data; of one that was observed, size and class stay: both are immutable."""
    spec: dict[str, Any] = {"accessModes": ["ReadWriteOnce"], **_storage(plan)}
    return {"metadata": {"name": "data"}, "spec": spec}


def _storage(plan: Plan) -> dict[str, Any]:
    observed = plan.seen.child("StatefulSet", naming.database(plan.name))
    if observed is not None:
        kept = observed["spec"]["volumeClaimTemplates"][0]["spec"]
        size, class_name = kept["resources"]["requests"]["storage"], kept.get("storageClassName")
    else:
        wanted = _managed(plan).storage
        size, class_name = quantity.canonical(wanted.size), wanted.class_name
    storage = {"resources": {"requests": {"storage": size}}}
    return {**storage, **({"storageClassName": class_name} if class_name else {})}


def _template(plan: Plan) -> pod.Part:
    password = plan.material.credentials["postgres-password"]
    changed = fingerprint.of(plan.seen.identity.uid, password)
    return pod.template(
        plan,
        _COMPONENT,
        _container(plan),
        annotations={naming.PASSWORD_HASH_ANNOTATION: changed},
        volumes=[{"name": "sockets", "emptyDir": {}}],
        user=USER,
        terminationGracePeriodSeconds=_SHUTDOWN_SECONDS,
    )


def _container(plan: Plan) -> pod.Part:
    return pod.container(
        "postgresql",
        plan.database_image,
        args=postgresql.arguments(_managed(plan).parameters),
        env=_environment(plan),
        resources=resources.build(_managed(plan).resources, REQUESTS),
        mounts=[
            {"name": "data", "mountPath": _VOLUME},
            {"name": "sockets", "mountPath": _SOCKETS},
        ],
        ports=[{"name": "postgresql", "containerPort": database_service.PORT, "protocol": "TCP"}],
        lifecycle={"postStart": {"exec": {"command": ["sh", "-c", postgresql.SET_PASSWORD]}}},
        startupProbe=_probe(postgresql.IS_ALIVE, period=5, failures=120),
        livenessProbe=_probe(postgresql.IS_ALIVE, period=10, failures=6),
        readinessProbe=_probe(postgresql.IS_READY, period=5, failures=3),
    )


def _environment(plan: Plan) -> list[environment.Variable]:
    """PGDATA is below the mount: a volume's root may hold lost+found, which initdb refuses."""
    contract = {
        "POSTGRES_DB": database_url.MANAGED_NAME,
        "POSTGRES_USER": database_url.MANAGED_OWNER,
        "POSTGRES_INITDB_ARGS": "--data-checksums",
        "PGDATA": f"{_VOLUME}/pgdata",
    }
    secret = environment.of_credentials(plan, {"POSTGRES_PASSWORD": "postgres-password"})
    return [*environment.plain(contract), *secret]


def _probe(script: str, *, period: int, failures: int) -> pod.Part:
    return {
        "exec": {"command": ["sh", "-c", script]},
        "periodSeconds": period,
        "timeoutSeconds": 5,
        "failureThreshold": failures,
    }
