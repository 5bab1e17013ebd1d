"""What was seen of one AuthlyBackup, and of the Job that makes it."""

from dataclasses import dataclass, field

from authly_operator.observed import Identity, JobState, Manifest, ServerView, Waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupReport:
    """The last line of a backup that was made; times are RFC 3339."""

    file_name: str
    begun_at: str
    size: int
    """Bytes."""
    sha256: str
    encrypted: bool
    schema_revision: int
    postgres_version: str
    oldest_begun_at: str
    """When the oldest backup that is left at this place was begun."""
    verified: bool
    """Whether it was restored to see that it can be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A Job that runs once, and what its pods told."""

    job: Manifest | None = None
    state: JobState = JobState.ABSENT
    ended: str | None = None
    """When it succeeded or failed for good; RFC 3339."""
    waiting: tuple[Waiting, ...] = ()
    """Containers that do not run, and why."""
    last_lines: tuple[str, ...] = ()
    """What containers that succeeded said in the end, those of the youngest pod first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupObserved:
    """Everything seen around one AuthlyBackup."""

    identity: Identity
    server: ServerView | None = None
    """None where the AuthlyServer does not exist, or cannot be read."""
    run: Run = field(default_factory=Run)
    report: BackupReport | None = None
    """What the Job said; None before it has succeeded, and where its pod is gone."""
    waits_for: str | None = None
    """The Job or the AuthlyBackup that has to be over first."""
    failures: tuple[str, ...] = ()
    """Writes that the API server refused in this pass, a sentence each."""
