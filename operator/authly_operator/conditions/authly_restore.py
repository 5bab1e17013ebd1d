"""An AuthlyRestore's one condition: Ready when the backup was restored."""

from collections.abc import Callable
from typing import Final

from authly_operator.api import authly_restore
from authly_operator.condition_names import Condition, Reason
from authly_operator.conditions import blockage, judgement
from authly_operator.conditions.judgement import Judgement
from authly_operator.observed import JobState
from authly_operator.observed_backups import RestoreObserved


TYPE: Final = Condition.READY
RESUME: Final = "Resume"


def judge(spec: authly_restore.Spec, seen: RestoreObserved) -> tuple[Judgement, ...]:
    """The first of CHAIN that has something to say."""
    judged = (policy(spec, seen) for policy in CHAIN)
    return (next(one for one in judged if one is not None),)


def is_newer(seen: RestoreObserved) -> bool:
    """Whether the backup is known to be of a schema that the server cannot read."""
    server, backup = seen.server, seen.source.schema_revision
    known = server.schema_revision if server else None
    return known is not None and backup is not None and backup > known


def _failed(spec: authly_restore.Spec, seen: RestoreObserved) -> Judgement | None:
    if seen.run.state is not JobState.FAILED:
        return None
    in_place = spec.mode is authly_restore.Mode.IN_PLACE
    now = "; the database of before serves" if in_place else ""
    message = f"the backup was not restored: {_said(seen)}{now}"
    return judgement.fails(TYPE, Reason.RESTORE_FAILED, message)


def _done(spec: authly_restore.Spec, seen: RestoreObserved) -> Judgement | None:
    if spec.mode is authly_restore.Mode.VERIFY:
        if seen.run.state is not JobState.SUCCEEDED:
            return None
        message = f"{seen.source.location} was restored into a database of its own"
        return judgement.holds(TYPE, Reason.RESTORED, message)
    resume = seen.steps.get(RESUME)
    if resume is None or resume.over is None:
        return None
    before = seen.report.replaced if seen.report else None
    kept = f"; the database of before is {before}: drop it when nobody needs it" if before else ""
    message = f"{seen.source.location} serves{kept}"
    return judgement.holds(TYPE, Reason.RESTORED, message)


def _unserved(spec: authly_restore.Spec, seen: RestoreObserved) -> Judgement | None:
    if seen.run.state is not JobState.SUCCEEDED:
        return None
    name = spec.server_ref.name
    if seen.error:
        message = f"the backup is restored, and not served yet: {seen.error}"
    else:
        message = f"the backup is restored; AuthlyServer {name} is about to serve it"
    return judgement.unknown(TYPE, Reason.RESTORE_RUNNING, message)


def _running(spec: authly_restore.Spec, seen: RestoreObserved) -> Judgement | None:
    del spec
    if seen.run.state is not JobState.RUNNING:
        return None
    said = f": tried again, or cannot start: {_said(seen)}" if seen.run.waiting else ""
    step = [*seen.steps][-1] if seen.steps else "Verify"
    return judgement.unknown(TYPE, Reason.RESTORE_RUNNING, f"at step {step}{said}")


def _said(seen: RestoreObserved) -> str:
    namespace = seen.identity.namespace
    blocked = blockage.worst(seen.run.waiting, namespace)
    job = seen.run.job["metadata"]["name"] if seen.run.job else ""
    return blocked.text if blocked else f"see kubectl describe job -n {namespace} {job}"


def _unresolved(spec: authly_restore.Spec, seen: RestoreObserved) -> Judgement | None:
    name = f"AuthlyServer {seen.identity.namespace}/{spec.server_ref.name}"
    if seen.server is None:
        message = f"{name} does not exist, or its spec is invalid"
        return judgement.fails(TYPE, Reason.SERVER_NOT_FOUND, message)
    if why := seen.source.missing or seen.source.unusable:
        return judgement.fails(TYPE, Reason.SOURCE_NOT_FOUND, why)
    if is_newer(seen):
        message = (
            f"the backup is of schema {seen.source.schema_revision}, newer than"
            f" {seen.server.schema_revision} of {name}: upgrade it first; nothing was touched"
        )
        return judgement.fails(TYPE, Reason.SCHEMA_NEWER, message)
    return None


def _refused(spec: authly_restore.Spec, seen: RestoreObserved) -> Judgement | None:
    del spec
    if not seen.failures:
        return None
    message = f"the API server refused: {judgement.several(seen.failures)}"
    return judgement.fails(TYPE, Reason.APPLY_FAILED, message)


def _waiting(spec: authly_restore.Spec, seen: RestoreObserved) -> Judgement:
    del spec
    what = f" when {seen.waits_for} is over" if seen.waits_for else ""
    if seen.holds_server:
        message = f"nothing serves any more; the restore goes on{what}"
        return judgement.unknown(TYPE, Reason.RESTORE_RUNNING, message)
    return judgement.unknown(TYPE, Reason.RESTORE_WAITING, f"the restore begins{what}")


CHAIN: Final[tuple[Callable[[authly_restore.Spec, RestoreObserved], Judgement | None], ...]] = (
    _failed,
    _done,
    _unserved,
    _running,
    _unresolved,
    _refused,
    _waiting,
)
