"""An AuthlyRestore's one condition: Ready when the backup was restored."""

from collections.abc import Callable
from typing import Final

from authly_operator.api import authly_restore
from authly_operator.condition_names import Reason
from authly_operator.conditions import judgement, one_shot
from authly_operator.conditions.judgement import Judgement
from authly_operator.observed import JobState
from authly_operator.observed_backups import RestoreObserved


TYPE: Final = one_shot.TYPE
RESUME: Final = "Resume"


def judge(spec: authly_restore.Spec, seen: RestoreObserved) -> tuple[Judgement, ...]:
    """The first of CHAIN that has something to say."""
    return one_shot.first(CHAIN, spec, seen)


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
    message = f"the backup was not restored: {one_shot.said(seen)}{now}"
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
    said = f": tried again, or cannot start: {one_shot.said(seen)}" if seen.run.waiting else ""
    step = [*seen.steps][-1] if seen.steps else "Verify"
    return judgement.unknown(TYPE, Reason.RESTORE_RUNNING, f"at step {step}{said}")


def _unresolved(spec: authly_restore.Spec, seen: RestoreObserved) -> Judgement | None:
    if why := seen.source.missing or seen.source.unusable:
        return judgement.fails(TYPE, Reason.SOURCE_NOT_FOUND, why)
    if is_newer(seen):
        known = seen.server.schema_revision if seen.server else None
        message = (
            f"the backup is of schema {seen.source.schema_revision}, newer than {known} of"
            f" {one_shot.server_name(spec, seen)}: upgrade it first; nothing was touched"
        )
        return judgement.fails(TYPE, Reason.SCHEMA_NEWER, message)
    return None


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
    one_shot.without_server,
    _unresolved,
    one_shot.refused,
    _waiting,
)
