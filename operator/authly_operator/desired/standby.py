"""The replicas of a managed database: a StatefulSet that streams, and the Service to read from it.

They are copies: their volumes go with them, whatever the deletion policy.
"""

from typing import Any, Final

from authly_operator import naming
from authly_operator.api import database as databases
from authly_operator.desired import (
    claim_template,
    database,
    database_service,
    environment,
    fingerprint,
    metadata,
    placement,
    pod,
    postgresql,
    resources,
    streaming,
)
from authly_operator.desired.plan import Plan
from authly_operator.material import replication
from authly_operator.observed import Manifest


_COMPONENT: Final = naming.Component.STANDBY
_POD_NAME: Final = "POD_NAME"


def build(plan: Plan) -> Manifest:
    """The StatefulSet of spec.database.managed.replicas."""
    name, managed = naming.standby(plan.name), _managed(plan)
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": metadata.build(plan, name, _COMPONENT),
        "spec": {
            "replicas": managed.replicas,
            "revisionHistoryLimit": 3,
            "podManagementPolicy": "Parallel",
            "serviceName": naming.database_read(plan.name),
            "selector": {"matchLabels": naming.selector(plan.name, _COMPONENT)},
            "persistentVolumeClaimRetentionPolicy": {
                "whenDeleted": "Delete",
                "whenScaled": "Delete",
            },
            "volumeClaimTemplates": [claim_template.build(plan, name, managed.storage)],
            "template": _template(plan),
        },
    }


def service(plan: Plan) -> Manifest:
    """The Service of those replicas that answer."""
    name = naming.database_read(plan.name)
    return database_service.of(plan, name, _COMPONENT)


def is_wanted(plan: Plan) -> bool:
    """Whether there are replicas of a database that the operator runs."""
    return _managed(plan).replicas > 0


def _managed(plan: Plan) -> databases.Managed:
    return plan.spec.database.managed or databases.Managed()


def _template(plan: Plan) -> pod.Part:
    password = plan.material.credentials[replication.PASSWORD]
    changed = fingerprint.of(plan.seen.identity.uid, password)
    return pod.template(
        plan,
        _COMPONENT,
        _container(plan),
        annotations={naming.PASSWORD_HASH_ANNOTATION: changed},
        volumes=[database.SOCKETS_VOLUME],
        user=database.USER,
        terminationGracePeriodSeconds=database.SHUTDOWN_SECONDS,
        affinity=placement.apart_from(plan, naming.Component.DATABASE, _COMPONENT),
    )


def _container(plan: Plan) -> pod.Part:
    managed = _managed(plan)
    return pod.container(
        "postgresql",
        plan.database_image,
        command=["sh", "-c", streaming.FOLLOW, "follow"],
        args=[*postgresql.arguments({**managed.parameters, **streaming.STANDBY}), *_source(plan)],
        env=_environment(plan),
        resources=resources.build(managed.resources, database.REQUESTS),
        mounts=database.MOUNTS,
        ports=database.PORTS,
        startupProbe=database.probe(streaming.HAS_STARTED, period=5, failures=120),
        livenessProbe=database.probe(streaming.IS_ALIVE, period=10, failures=6, seconds=10),
        readinessProbe=database.probe(postgresql.IS_READY, period=5, failures=3),
    )


def _source(plan: Plan) -> list[str]:
    """Kubernetes puts the pod's name in, by which pg_stat_replication tells replicas apart."""
    return ["-c", f"primary_conninfo={_primary(plan)} application_name=$({_POD_NAME})"]


def _environment(plan: Plan) -> list[environment.Variable]:
    name: dict[str, Any] = {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}
    return [
        {"name": _POD_NAME, "valueFrom": name},
        *environment.plain({"PGDATA": database.DATA, "PRIMARY": _primary(plan)}),
        *environment.of_credentials(plan, {"PGPASSWORD": replication.PASSWORD}),
    ]


def _primary(plan: Plan) -> str:
    host = naming.database_host(plan.name, plan.namespace)
    return streaming.conninfo(host, database_service.PORT)
