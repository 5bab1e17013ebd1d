"""The NetworkPolicies: what each pod may be reached by and may reach, and nothing else.

Policies add up: those of several kinds of pods are one object each.
"""

from collections.abc import Mapping
from typing import Any, Final

from authly_operator import naming
from authly_operator.api import backup as backups, value
from authly_operator.desired import (
    administration,
    cloud_native_pg,
    config,
    database_service,
    metadata,
    standby as standbys,
    url,
)
from authly_operator.desired.plan import Plan
from authly_operator.material import database_owner, redis_url
from authly_operator.observed import Manifest


Rule = dict[str, Any]
_JOBS: Final = (
    naming.Component.BACKUP,
    naming.Component.MAINTENANCE,
    naming.Component.MIGRATION,
)
_NAMESPACE_LABEL: Final = "kubernetes.io/metadata.name"
_HTTPS: Final = 443
_EVERY_POD: Final[Rule] = {"namespaceSelector": {}}
"""Every pod of the cluster, and nobody outside."""


def is_wanted(plan: Plan) -> bool:
    """Whether there are NetworkPolicies."""
    return plan.spec.network_policy.enabled


def is_wanted_for_database(plan: Plan) -> bool:
    """Whether there is a database of ours to protect."""
    return is_wanted(plan) and plan.spec.database.managed is not None


def is_wanted_for_standby(plan: Plan) -> bool:
    """Whether the database of ours has replicas to protect."""
    return is_wanted(plan) and standbys.is_wanted(plan)


def is_wanted_for_redis(plan: Plan) -> bool:
    """Whether there is a Redis of ours to protect."""
    return is_wanted(plan) and plan.spec.redis is not None and plan.spec.redis.managed is not None


def is_wanted_for_backup(plan: Plan) -> bool:
    """Whether backups leave for a bucket."""
    backup = plan.spec.backup
    return is_wanted(plan) and backup is not None and backup.destination.s3 is not None


def server(plan: Plan) -> Manifest:
    """Replicas: OAuth for everybody, metrics for the cluster, and what is for administrators.

    Out to DNS, database and clients.

    Clients name the hosts of their keys, metadata and logouts; the server itself asks public
    addresses only, and whatever else OUTBOUND_ALLOWED_NETWORKS names.
    """
    component = naming.Component.SERVER
    return _policy(
        plan,
        naming.deployment(plan.name),
        component,
        {"matchLabels": naming.selector(plan.name, component)},
        ingress=[
            _rule(config.PORT, _from=_clients(plan)),
            _rule(config.MANAGEMENT_PORT, _from=_scrapers(plan)),
            *_administrators(plan),
        ],
        egress=[_dns(), _database(plan), *_redis(plan), *_mail(plan), _rule(_HTTPS)],
    )


def database(plan: Plan) -> Manifest:
    """The database: the server, its Jobs and the operator come in, nothing goes out."""
    component = naming.Component.DATABASE
    clients = [
        {"podSelector": _any_of(plan, (naming.Component.SERVER, *_JOBS, *_standbys(plan)))},
        _operator(plan),
    ]
    return _policy(
        plan,
        naming.database(plan.name),
        component,
        {"matchLabels": naming.selector(plan.name, component)},
        ingress=[_rule(database_service.PORT, _from=clients)],
    )


def standby(plan: Plan) -> Manifest:
    """The replicas of the database: backups come in; out to DNS and the primary."""
    component = naming.Component.STANDBY
    readers = [{"podSelector": _any_of(plan, (naming.Component.BACKUP,))}]
    return _policy(
        plan,
        naming.standby(plan.name),
        component,
        {"matchLabels": naming.selector(plan.name, component)},
        ingress=[_rule(database_service.PORT, _from=readers)],
        egress=[_dns(), _database(plan)],
    )


def redis(plan: Plan) -> Manifest:
    """Redis: the replicas come in, nothing goes out."""
    component = naming.Component.REDIS
    replicas = {"matchLabels": naming.selector(plan.name, naming.Component.SERVER)}
    return _policy(
        plan,
        naming.redis(plan.name),
        component,
        {"matchLabels": naming.selector(plan.name, component)},
        ingress=[_rule(redis_url.PORT, _from=[{"podSelector": replicas}])],
    )


def jobs(plan: Plan) -> Manifest:
    """Jobs: nobody comes in; out to DNS and the database."""
    return _policy(
        plan,
        naming.jobs(plan.name),
        naming.Component.MIGRATION,
        _any_of(plan, _JOBS),
        egress=[_dns(), _database(plan), *_replicas(plan)],
    )


def backup(plan: Plan) -> Manifest:
    """Backups: out to the bucket, whose addresses only DNS knows."""
    component = naming.Component.BACKUP
    return _policy(
        plan,
        naming.backup(plan.name),
        component,
        {"matchLabels": naming.selector(plan.name, component)},
        egress=[_rule(*_bucket_ports(plan))],
    )


def run(
    plan: Plan, metadata_of_job: Mapping[str, Any], destination: backups.Destination
) -> Manifest | None:
    """The pods of one Job: out to a bucket of their own; None where no way has to be opened."""
    if not is_wanted(plan) or destination.s3 is None:
        return None
    pods = {"batch.kubernetes.io/job-name": metadata_of_job["name"]}
    spec = {
        "podSelector": {"matchLabels": pods},
        "policyTypes": ["Egress"],
        "egress": [_rule(*_ports_of(destination.s3))],
    }
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": dict(metadata_of_job),
        "spec": spec,
    }


def _clients(plan: Plan) -> list[Rule] | None:
    """Everybody, or those whom the spec names and the operator, which asks for discovery."""
    named = plan.spec.network_policy.from_
    return [*map(value.written, named), _operator(plan)] if named else None


def _administrators(plan: Plan) -> list[Rule]:
    """In from where they come, and from where the Ingress is if that is a way, too."""
    if not administration.is_wanted(plan):
        return []
    named = administration.peers(plan)
    if administration.is_published(plan):
        clients = _clients(plan)
        return [_rule(config.ADMIN_PORT, _from=clients and [*named, *clients])]
    return [_rule(config.ADMIN_PORT, _from=named)]


def _scrapers(plan: Plan) -> list[Rule]:
    return [value.written(one) for one in plan.spec.network_policy.metrics_from] or [_EVERY_POD]


def _operator(plan: Plan) -> Rule:
    namespace = {_NAMESPACE_LABEL: plan.seen.settings.operator_namespace}
    return {"namespaceSelector": {"matchLabels": namespace}}


def _policy(
    plan: Plan,
    name: str,
    component: naming.Component,
    pods: Rule,
    **rules: list[Rule],
) -> Manifest:
    """A policy for both directions: the one without rules is closed, and says so."""
    both = {"ingress": [], "egress": [], **rules}
    spec = {"podSelector": pods, "policyTypes": ["Ingress", "Egress"], **both}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata.build(plan, name, component),
        "spec": spec,
    }


def _rule(*ports: int, _from: list[Rule] | None = None, to: list[Rule] | None = None) -> Rule:
    peers = {name: peer for name, peer in (("from", _from), ("to", to)) if peer is not None}
    return {"ports": [{"port": port, "protocol": "TCP"} for port in ports], **peers}


def _any_of(plan: Plan, components: tuple[naming.Component, ...]) -> Rule:
    labels = naming.selector(plan.name, naming.Component.SERVER)
    del labels[naming.COMPONENT_LABEL]
    expression = {
        "key": naming.COMPONENT_LABEL,
        "operator": "In",
        "values": [component.value for component in components],
    }
    return {"matchLabels": labels, "matchExpressions": [expression]}


def _dns() -> Rule:
    """To any address: caches on the node have one outside of the cluster's networks."""
    return {"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]}


def _database(plan: Plan) -> Rule:
    cluster = plan.spec.database.cloud_native_pg
    if cluster is not None:
        pods = cloud_native_pg.pods(database_owner.cluster(cluster, plan.seen.identity))
    elif plan.spec.database.managed is not None:
        pods = naming.selector(plan.name, naming.Component.DATABASE)
    else:
        owner = plan.material.credentials["MIGRATION_DATABASE_URL"]
        return _rule(*url.ports(owner, database_service.PORT))
    return _rule(database_service.PORT, to=[{"podSelector": {"matchLabels": pods}}])


def _standbys(plan: Plan) -> tuple[naming.Component, ...]:
    return (naming.Component.STANDBY,) if standbys.is_wanted(plan) else ()


def _replicas(plan: Plan) -> list[Rule]:
    """Out to the replicas of the database, where there are any."""
    pods = [{"podSelector": _any_of(plan, one)} for one in [_standbys(plan)] if one]
    return [_rule(database_service.PORT, to=pods)] if pods else []


def _redis(plan: Plan) -> list[Rule]:
    if plan.spec.redis is None:
        return []
    if plan.spec.redis.managed is None:
        return [_rule(*url.ports(plan.material.credentials[redis_url.URL], redis_url.PORT))]
    pods = naming.selector(plan.name, naming.Component.REDIS)
    return [_rule(redis_url.PORT, to=[{"podSelector": {"matchLabels": pods}}])]


def _mail(plan: Plan) -> list[Rule]:
    return [_rule(plan.spec.email.smtp.port)] if plan.spec.email else []


def _bucket_ports(plan: Plan) -> list[int]:
    return _ports_of(plan.spec.backup.destination.s3 if plan.spec.backup else None)


def _ports_of(s3: backups.S3 | None) -> list[int]:
    endpoint = (s3 and s3.endpoint) or "https://"
    return url.ports(endpoint, 80 if endpoint.startswith("http:") else 443)
