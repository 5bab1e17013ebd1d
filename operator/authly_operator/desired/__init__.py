"""What an AuthlyServer becomes: the table of contents, in the order in which it is applied.

Pure: a Plan in, manifests out. Which of them come now follows from what was observed: first the
database, then the migration, then what runs the program. What is there and waits for its time is
`held`: neither changed nor pruned.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from authly_operator.desired import (
    administration,
    alerts,
    autoscaler,
    backup_cronjob,
    cloud_native_pg,
    config_map,
    credentials_secret,
    dashboard,
    database,
    database_service,
    deployment,
    disruption_budget,
    http_route,
    ingress,
    maintenance_cronjob,
    migration_job,
    network_policy,
    redis,
    role_lock_job,
    service,
    service_account,
    service_monitor,
    signing_keys_secret,
    standby,
)
from authly_operator.desired.plan import Plan
from authly_operator.observed import ChildKey, Manifest


def _always(_: Plan) -> bool:
    return True


def _migrated(plan: Plan) -> bool:
    return plan.migrated


def _answers(plan: Plan) -> bool:
    return plan.database_ready


@dataclass(frozen=True, slots=True)
class Entry:
    """An object of the table: who builds it, whether the spec asks for it, and when it is due."""

    build: Callable[[Plan], Manifest]
    wanted: Callable[[Plan], bool] = _always
    due: Callable[[Plan], bool] = _always
    optional: str | None = None
    """Its kind, where a cluster may not know that."""
    first: bool = False
    """Whether it is made before the material is complete, which comes from it."""


# fmt: off
TABLE: Final = (
    Entry(credentials_secret.build),
    Entry(signing_keys_secret.build,  wanted=signing_keys_secret.is_wanted),
    Entry(service_account.build),
    Entry(config_map.build),
    Entry(config_map.accounts,        wanted=config_map.is_wanted_for_accounts),
    Entry(network_policy.server,      wanted=network_policy.is_wanted),
    Entry(network_policy.database,    wanted=network_policy.is_wanted_for_database),
    Entry(network_policy.jobs,        wanted=network_policy.is_wanted),
    Entry(network_policy.backup,      wanted=network_policy.is_wanted_for_backup),
    Entry(database_service.build,     wanted=database.is_wanted),
    Entry(database.build,             wanted=database.is_wanted),
    Entry(network_policy.standby,     wanted=network_policy.is_wanted_for_standby),
    Entry(standby.service,            wanted=standby.is_wanted),
    Entry(standby.build,              wanted=standby.is_wanted, due=_answers),
    Entry(cloud_native_pg.build,      wanted=cloud_native_pg.is_wanted, optional="Cluster",
          first=True),
    Entry(network_policy.redis,       wanted=network_policy.is_wanted_for_redis),
    Entry(redis.service,              wanted=redis.is_wanted),
    Entry(redis.build,                wanted=redis.is_wanted),
    Entry(migration_job.build,        due=migration_job.is_due),
    Entry(deployment.build,           due=_migrated),
    Entry(role_lock_job.build,        wanted=role_lock_job.is_wanted, due=role_lock_job.is_due),
    Entry(autoscaler.build,           wanted=autoscaler.is_wanted, due=_migrated),
    Entry(service.build),
    Entry(administration.service,     wanted=administration.is_wanted),
    Entry(ingress.build,              wanted=ingress.is_wanted),
    Entry(http_route.build,           wanted=http_route.is_wanted, optional="HTTPRoute"),
    Entry(service_monitor.service,    wanted=service_monitor.is_service_wanted),
    Entry(service_monitor.build,      wanted=service_monitor.is_wanted, optional="ServiceMonitor"),
    Entry(alerts.build,               wanted=alerts.is_wanted, optional="PrometheusRule"),
    Entry(dashboard.build,            wanted=dashboard.is_wanted),
    Entry(disruption_budget.build,    wanted=disruption_budget.is_wanted),
    Entry(backup_cronjob.build,       wanted=backup_cronjob.is_wanted,
          due=backup_cronjob.is_due),
    Entry(
        backup_cronjob.verification, wanted=backup_cronjob.is_verification_wanted, due=_migrated
    ),
    Entry(maintenance_cronjob.build,  due=_migrated),
)
# fmt: on


def manifests(plan: Plan) -> tuple[Manifest, ...]:
    """Everything that is desired now, in the order in which it is to be applied.

    Only what the material comes from where that is incomplete, or where a database that is not
    ours was never reached: nothing is made by half.
    """
    begun = _has_begun(plan)
    due = (entry for entry in _wanted(plan) if entry.first or (begun and entry.due(plan)))
    return tuple(entry.build(plan) for entry in due)


def held(plan: Plan) -> frozenset[ChildKey]:
    """The children that are there, are not desired at this moment, and must not be pruned."""
    if not plan.material.complete:
        return frozenset(plan.seen.children)
    waiting = {_key(entry.build(plan)) for entry in _wanted(plan) if not entry.due(plan)}
    jobs = {("Job", plan.migration_job), ("Job", plan.role_lock_job)}
    there = waiting & plan.seen.children.keys() - jobs
    return frozenset(there) | migration_job.kept(plan) | role_lock_job.kept(plan)


def _has_begun(plan: Plan) -> bool:
    ours = plan.spec.database.managed is not None
    begun = any(kind != "Cluster" for kind, _ in plan.seen.children)
    return plan.material.complete and (ours or plan.database_ready or begun)


def _wanted(plan: Plan) -> Iterator[Entry]:
    known = (entry for entry in TABLE if entry.optional not in plan.seen.unavailable)
    return (entry for entry in known if entry.wanted(plan))


def impossible(plan: Plan) -> tuple[str, ...]:
    """The kinds that the spec asks for, a server can do without, and that cannot be had here."""
    lasting = (entry for entry in TABLE if not entry.first and entry.wanted(plan))
    asked = (entry.optional for entry in lasting if entry.optional)
    return tuple(kind for kind in asked if kind in plan.seen.unavailable)


def _key(manifest: Manifest) -> ChildKey:
    return manifest["kind"], manifest["metadata"]["name"]
