"""Ready of a server: the first of its obstacles, or none."""

from collections.abc import Callable, Iterable
from typing import Final

from authly_operator.condition_names import Condition, Reason
from authly_operator.conditions import cluster, judgement, migration, rollout, summary
from authly_operator.conditions.judgement import Judgement
from authly_operator.conditions.situation import Situation
from authly_operator.conditions.summary import Judged


TYPE: Final = Condition.READY
NEEDED: Final = (
    Condition.DATABASE_READY,
    Condition.MIGRATED,
    Condition.SIGNING_KEYS_READY,
    Condition.AVAILABLE,
    Condition.ENDPOINT_READY,
)
"""What a server must have to be Ready, in the order in which it comes about."""


def judge(case: Situation, every: Iterable[Judgement]) -> Judgement:
    """The first of CHAIN that stands in the way makes it False, with its reason and message."""
    judged = {one.type: one for one in every}
    for obstacle in CHAIN:
        found = obstacle(case, judged)
        if found:
            return found
    progress = judged[Condition.PROGRESSING]
    if progress.true:
        message = f"the server answers while a roll-out goes on: {progress.message}"
        return judgement.holds(TYPE, progress.reason, message)
    if progress.reason in rollout.HELD:
        return judgement.holds(TYPE, progress.reason, f"the server answers; {progress.message}")
    return judgement.holds(TYPE, Reason.READY, judged[Condition.ENDPOINT_READY].message)


def _refused(case: Situation, judged: Judged) -> Judgement | None:
    """A write that failed is never followed by Ready, whatever is still running."""
    del judged
    if not case.seen.failures:
        return None
    message = f"the API server refused: {judgement.several(case.seen.failures)}"
    return judgement.fails(TYPE, Reason.APPLY_FAILED, message)


def _unreferenced(case: Situation, judged: Judged) -> Judgement | None:
    """DatabaseReady knows more about Secrets that CloudNativePG has yet to write."""
    del judged
    sentences = [one for one in case.expected.missing if cluster.REFERENCE not in one]
    if not sentences:
        return None
    message = f"{judgement.several(sentences)}: until then nothing is rolled out"
    return judgement.fails(TYPE, Reason.REFERENCE_MISSING, message)


def _lacking(case: Situation, judged: Judged) -> Judgement | None:
    excused = _excused(case, judged)
    return summary.lacking(judged, [one for one in NEEDED if one not in excused])


def _stuck(case: Situation, judged: Judged) -> Judgement | None:
    """Old replicas serve, and what the spec says will not come by itself."""
    del case
    progress = judged[Condition.PROGRESSING]
    if progress.true or progress.reason in rollout.AT_REST:
        return None
    return judgement.fails(TYPE, progress.reason, progress.message)


def _excused(case: Situation, judged: Judged) -> frozenset[Condition]:
    """What may lack while replicas serve and a roll-out goes on, or waits for a pause's end."""
    progress = judged[Condition.PROGRESSING]
    if case.available == 0 or not (progress.true or progress.reason in rollout.HELD):
        return frozenset()
    waits = migration.UNDER_WAY | {Reason.MIGRATION_NOT_APPROVED}
    migrating = judged[Condition.MIGRATED].reason in waits
    fewer = judged[Condition.AVAILABLE].reason is Reason.REPLICAS_UNAVAILABLE
    excuses = {
        Condition.MIGRATED: migrating,
        Condition.AVAILABLE: fewer and case.old_replicas,
    }
    return frozenset(one for one, excused in excuses.items() if excused)


CHAIN: Final[tuple[Callable[[Situation, Judged], Judgement | None], ...]] = (
    _refused,
    _unreferenced,
    _lacking,
    _stuck,
)
