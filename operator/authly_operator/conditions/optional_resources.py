"""OptionalResourcesReady: what a server can do without is there; its lack never stops Ready."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from authly_operator import naming
from authly_operator.condition_names import Condition, Reason
from authly_operator.conditions import blockage, judgement, workload
from authly_operator.conditions.judgement import Judgement
from authly_operator.conditions.situation import Situation


TYPE: Final = Condition.OPTIONAL_RESOURCES_READY
LAGGING_BYTES: Final = 256 * 2**20
"""Half of what the primary keeps for replicas by default."""
_GIVE: Final = "give it more CPU or a faster volume"


@dataclass(frozen=True, slots=True)
class Lack:
    """Something optional that does not work, and what to do."""

    reason: Reason
    text: str


def judge(case: Situation) -> Judgement:
    """The reason is the first lack's of TABLE, the message tells all of them."""
    lacks = [lack for policy in TABLE if (lack := policy(case))]
    if lacks:
        message = judgement.several(lack.text for lack in lacks)
        return judgement.fails(TYPE, lacks[0].reason, f"{message}; the server goes on without")
    message = "whatever the spec asks for beside the server is there"
    return judgement.holds(TYPE, Reason.OPTIONAL_RESOURCES_MADE, message)


def _kinds(case: Situation) -> Lack | None:
    """Kinds of others, such as HTTPRoute, that the cluster does not know."""
    if not case.expected.impossible:
        return None
    reasons = (f"{kind}: {case.seen.unavailable[kind]}" for kind in case.expected.impossible)
    return Lack(Reason.KIND_UNAVAILABLE, ", ".join(reasons))


def _autoscaler(case: Situation) -> Lack | None:
    """ScalingActive of autoscaling/v2; Unknown, or absent, before it was looked at."""
    name = naming.deployment(case.seen.identity.name)
    found = case.seen.child("HorizontalPodAutoscaler", name)
    told = workload.conditions(found).get("ScalingActive") if found else None
    if not case.autoscaled or told is None or told.status != "False":
        return None
    said = judgement.excerpt(f"{told.reason}: {told.message}", 300).rstrip(".")
    advice = "check that the cluster has a metrics-server, and spec.resources.requests"
    return Lack(Reason.AUTOSCALER_INACTIVE, f"HorizontalPodAutoscaler {name}: {said}: {advice}")


def _storage(case: Situation) -> Lack | None:
    """A managed database with a volume that stays smaller than the spec says."""
    short = case.expected.shortages
    return Lack(Reason.STORAGE_NOT_EXPANDED, judgement.several(short)) if short else None


def _replicas(case: Situation) -> Lack | None:
    """Replicas of a managed database; nothing is claimed while nobody could ask the primary."""
    managed, probe = case.spec.database.managed, case.seen.database
    if managed is None or probe is None or probe.replicas is None:
        return None
    seen = {one.name: one for one in probe.replicas}
    name = case.seen.identity.name
    names = [naming.standby_pod(name, at) for at in range(managed.replicas)]
    away = [one for one in names if one not in seen or not seen[one].streaming]
    if away:
        told = judgement.several(_away(case, one) for one in away)
        return Lack(Reason.DATABASE_REPLICA_NOT_STREAMING, told)
    behind = [one for one in names if seen[one].lag_bytes > LAGGING_BYTES]
    told = judgement.several(
        f"pod {one} is {_behind(seen[one].lag_bytes)} behind" for one in behind
    )
    return Lack(Reason.DATABASE_REPLICA_LAGGING, f"{told}: {_GIVE}") if behind else None


def _away(case: Situation, pod: str) -> str:
    blocked = blockage.find(case.seen, naming.Component.STANDBY, pod)
    if blocked:
        return blocked.text
    logs = f"kubectl logs -n {case.seen.identity.namespace} {pod}"
    return f"pod {pod} does not stream yet: it copies the primary, or waits for it: read {logs}"


def _behind(lag: int) -> str:
    return f"{lag // 2**20} MiB"


def _redis(case: Situation) -> Lack | None:
    """Without its counts the server still limits, each process for itself."""
    redis = case.spec.redis
    if redis is None or redis.managed is None:
        return None
    name = naming.redis(case.seen.identity.name)
    found = workload.parse(case.seen.child("Deployment", name))
    if found is not None and found.available:
        return None
    blocked = blockage.find(case.seen, naming.Component.REDIS)
    told = blocked.text if blocked else "it is not available yet"
    return Lack(Reason.REDIS_UNAVAILABLE, f"Deployment {name}: {told}")


TABLE: Final[tuple[Callable[[Situation], Lack | None], ...]] = (
    _kinds,
    _autoscaler,
    _storage,
    _replicas,
    _redis,
)
