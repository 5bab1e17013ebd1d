"""DatabaseReady: PostgreSQL is up, and answered the operator."""

from typing import Final

from authly_operator import naming
from authly_operator.condition_names import Condition, Reason
from authly_operator.conditions import blockage, cluster, judgement, podless
from authly_operator.conditions.judgement import Judgement
from authly_operator.conditions.situation import Situation
from authly_operator.material import database_owner
from authly_operator.observed import JobState


TYPE: Final = Condition.DATABASE_READY
REFERENCE: Final = "(database."
"""What material's sentences about a database's Secrets contain."""


def judge(case: Situation) -> Judgement:
    """Judge the chain: Cluster, reference, StatefulSet, then the operator's own question."""
    return (
        cluster.judge(case)
        or _unreferenced(case)
        or _not_up(case)
        or _claimed(case)
        or _asked(case)
    )


def _unreferenced(case: Situation) -> Judgement | None:
    sentences = [one for one in case.expected.missing if REFERENCE in one]
    if not sentences:
        return None
    message = f"{judgement.several(sentences)}: put it there"
    return judgement.fails(TYPE, Reason.REFERENCE_MISSING, message)


def _not_up(case: Situation) -> Judgement | None:
    """A managed database without a ready pod."""
    if case.spec.database.managed is None:
        return None
    place = f"StatefulSet {naming.database(case.seen.identity.name)}"
    if case.database is None:
        message = f"{place} does not exist yet: the operator makes it"
        return judgement.fails(TYPE, Reason.DATABASE_NOT_CREATED, message)
    if case.database.ready > 0:
        return None
    blocked = blockage.find(case.seen, naming.Component.DATABASE)
    if blocked:
        return judgement.fails(TYPE, blocked.reason, f"{place}: {blocked.text}")
    name = naming.database(case.seen.identity.name)
    found = case.seen.child("StatefulSet", name)
    refused = podless.stateful_set(found, case.seen.identity.namespace, name)
    if refused:
        return judgement.fails(TYPE, Reason.PODS_REFUSED, refused)
    message = f"{place}: its pod is starting and not ready yet"
    return judgement.fails(TYPE, Reason.DATABASE_STARTING, message)


def _claimed(case: Situation) -> Judgement | None:
    """The database of another AuthlyServer, which is left alone."""
    other, identity = case.expected.claimed_by, case.seen.identity
    if other is None:
        return None
    message = f"the database belongs to AuthlyServer {other.owner}"
    if other.owner == identity.owner:
        message = f"{message} of another cluster, by its uid {other.uid}: give each its own"
        return judgement.fails(TYPE, Reason.DATABASE_CLAIMED, message)
    take = f"{naming.TAKE_DATABASE_FROM_ANNOTATION}={other.owner}"
    command = f"kubectl annotate -n {identity.namespace} authlyserver {identity.name} {take}"
    message = f"{message}: give this one its own, or, if that one is gone for good, {command}"
    return judgement.fails(TYPE, Reason.DATABASE_CLAIMED, message)


def _asked(case: Situation) -> Judgement:
    """The operator's own question; a managed database is first asked once it is migrated."""
    probe = case.seen.database
    if probe is None:
        return _unasked(case)
    if probe.error is not None:
        said = judgement.excerpt(probe.error)
        message = f"the operator cannot ask the database: {said}: {_advice(case)}"
        return judgement.fails(TYPE, Reason.DATABASE_UNREACHABLE, message)
    if probe.schema_revision is None:
        message = "the database accepts connections; it is not migrated yet"
        return judgement.holds(TYPE, Reason.ACCEPTS_CONNECTIONS, message)
    message = f"the database answers; its schema is at revision {probe.schema_revision}"
    return judgement.holds(TYPE, Reason.DATABASE_ANSWERS, message)


def _unasked(case: Situation) -> Judgement:
    """Nothing is claimed of a database that should have been asked and was not."""
    first = case.job is not JobState.SUCCEEDED and case.deployment is None
    if first and case.spec.database.managed is not None:
        message = "PostgreSQL accepts connections; the operator asks it once it is migrated"
        return judgement.holds(TYPE, Reason.ACCEPTS_CONNECTIONS, message)
    message = "nobody could ask the database in this pass: see the other conditions"
    return judgement.unknown(TYPE, Reason.NOT_PROBED, message)


def _advice(case: Situation) -> str:
    namespace, wanted = case.seen.identity.namespace, case.spec.database
    if wanted.cloud_native_pg is not None:
        name = database_owner.cluster(wanted.cloud_native_pg, case.seen.identity)
        return f"read kubectl describe -n {namespace} cluster.postgresql.cnpg.io/{name}"
    if wanted.external is not None:
        secrets = " and ".join(database_owner.references(wanted, case.seen.identity))
        return f"check the database, spec.database.external and Secret {secrets}"
    pod = f"{naming.database(case.seen.identity.name)}-0"
    return f"read kubectl logs -n {namespace} {pod}"
