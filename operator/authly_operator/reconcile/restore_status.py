"""What an AuthlyRestore tells beside its condition: steps with their times; pure."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from authly_operator.api import authly_restore
from authly_operator.api.authly_backup import Phase
from authly_operator.conditions import authly_restore as conditions
from authly_operator.desired import restore_job
from authly_operator.observed import JobState
from authly_operator.observed_backups import RestoreObserved, Run, Span


QUIESCE: Final = "Quiesce"
RESYNC: Final = "Resync"
PROBE: Final = "Probe"
RESUME: Final = conditions.RESUME
ORDER: Final = (QUIESCE, *restore_job.STEPS, RESYNC, PROBE, RESUME, restore_job.VERIFY)


def parse(body: Mapping[str, Any]) -> dict[str, Span]:
    """The steps that the status tells of."""
    told = (body.get("status") or {}).get("steps") or ()
    spans = (Span(begun=one.get("startTime"), over=one.get("completionTime")) for one in told)
    return {one["name"]: span for one, span in zip(told, spans, strict=True)}


def joined(steps: Mapping[str, Span], run: Run) -> dict[str, Span]:
    """The steps, and what the containers have come to."""
    names = {restore_job.container_name(step): step for step in ORDER}
    seen = {names[name]: span for name, span in run.containers.items() if name in names}
    return in_order({**steps, **seen})


def in_order(steps: Mapping[str, Span]) -> dict[str, Span]:
    """The same, as they come after each other."""
    return {name: steps[name] for name in ORDER if name in steps}


def facts(spec: authly_restore.Spec, seen: RestoreObserved, now: str) -> dict[str, Any]:
    """The status beside the condition; None for what is not known."""
    reached = phase(spec, seen)
    final = reached in (Phase.SUCCEEDED, Phase.FAILED)
    report = seen.report
    return {
        "phase": reached.value,
        "job": seen.run.job["metadata"]["name"] if seen.run.job else None,
        "location": seen.source.location,
        "steps": list(_written(seen.steps.items())) or None,
        "replacedDatabase": report.replaced if report else None,
        "revokedTokens": report.revoked if report else None,
        "completionTime": now if final else None,
    }


def phase(spec: authly_restore.Spec, seen: RestoreObserved) -> Phase:
    """How far the restore is."""
    if seen.run.state is JobState.FAILED:
        return Phase.RUNNING if seen.holds_server else Phase.FAILED
    verified = spec.mode is authly_restore.Mode.VERIFY and seen.run.state is JobState.SUCCEEDED
    resume = seen.steps.get(RESUME)
    if verified or (resume is not None and resume.over is not None):
        return Phase.SUCCEEDED
    if seen.run.state is not JobState.ABSENT or seen.holds_server:
        return Phase.RUNNING
    never = seen.source.unusable is not None or conditions.is_newer(seen)
    return Phase.FAILED if never else Phase.PENDING


def _written(steps: Iterable[tuple[str, Span]]) -> Iterable[dict[str, str]]:
    for name, span in steps:
        times = {"startTime": span.begun, "completionTime": span.over}
        yield {"name": name, **{key: text for key, text in times.items() if text}}
