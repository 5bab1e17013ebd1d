"""DatabaseReady: PostgreSQL is up, and answered the operator."""

from typing import Final

from authly_operator import naming
from authly_operator.conditions import blockage, judgement
from authly_operator.conditions.judgement import Judgement
from authly_operator.conditions.situation import Situation
from authly_operator.naming import Condition, Reason
from authly_operator.observed import JobState


TYPE: Final = Condition.DATABASE_READY
REFERENCE: Final = "database.external.secretRef"
"""What material's sentences about the external database's Secret contain."""


def judge(case: Situation) -> Judgement:
    """Judge the chain: reference, StatefulSet, then the operator's own question."""
    return _unreferenced(case) or _not_up(case) or _asked(case)


def _unreferenced(case: Situation) -> Judgement | None:
    sentences = [one for one in case.expected.missing if REFERENCE in one]
    if not sentences:
        return None
    message = f"{judgement.several(sentences)}: put the database's URL there"
    return judgement.fails(TYPE, Reason.REFERENCE_MISSING, message)


def _not_up(case: Situation) -> Judgement | None:
    """A managed database without a ready pod."""
    if case.spec.database.external is not None:
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
    message = f"{place}: its pod is starting and not ready yet"
    return judgement.fails(TYPE, Reason.DATABASE_STARTING, message)


def _asked(case: Situation) -> Judgement:
    """Before the first migration the operator's role does not exist, so no answer proves nothing.

    Once anything was rolled out, no answer is a failure.
    """
    probe = case.seen.database
    if probe is not None and probe.error is None:
        message = f"the database answers; its schema is at revision {probe.schema_revision}"
        return judgement.holds(TYPE, Reason.DATABASE_ANSWERS, message)
    if case.job is not JobState.SUCCEEDED and case.deployment is None:
        return _before_first_migration(case)
    if probe is None or probe.error is None:
        message = "nobody could ask the database in this pass: see the other conditions"
        return judgement.unknown(TYPE, Reason.NOT_PROBED, message)
    message = (
        f"the operator cannot ask the database: {judgement.excerpt(probe.error)}: {_advice(case)}"
    )
    return judgement.fails(TYPE, Reason.DATABASE_UNREACHABLE, message)


def _before_first_migration(case: Situation) -> Judgement:
    if case.spec.database.external is None:
        message = "PostgreSQL accepts connections; the operator asks it once it is migrated"
        return judgement.holds(TYPE, Reason.ACCEPTS_CONNECTIONS, message)
    message = "the first migration makes the operator's role; until then the database is not asked"
    return judgement.unknown(TYPE, Reason.WAITING_FOR_MIGRATION, message)


def _advice(case: Situation) -> str:
    namespace = case.seen.identity.namespace
    external = case.spec.database.external
    if external is not None:
        return f"check the database and the URL in Secret {external.secret_ref.name} ({REFERENCE})"
    pod = f"{naming.database(case.seen.identity.name)}-0"
    return f"read kubectl logs -n {namespace} {pod}"
