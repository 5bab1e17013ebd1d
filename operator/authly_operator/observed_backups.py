"""What was seen of one AuthlyBackup or AuthlyRestore, and of the Job that does it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from authly_operator import naming
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
class RestoreReport:
    """The last line of a restore that is done."""

    replaced: str | None
    """The name that the database of before has now, if there was one."""
    revoked: str
    """Which tokens are refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """When something began and was over; RFC 3339."""

    begun: str | None = None
    over: str | None = None


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
    containers: Mapping[str, Span] = field(default_factory=dict)
    """Those of the youngest pod that have begun, by name; over where they succeeded."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The backup to restore, or why there is none."""

    location: str | None = None
    file_name: str | None = None
    schema_revision: int | None = None
    """None where nobody has told."""
    missing: str | None = None
    """Why it cannot be had, as the end of a sentence; it may come yet."""
    unusable: str | None = None
    """The same where it never will."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreObserved:
    """Everything seen around one AuthlyRestore."""

    identity: Identity
    server: ServerView | None = None
    """None where the AuthlyServer does not exist, or cannot be read."""
    source: Source = field(default_factory=Source)
    run: Run = field(default_factory=Run)
    report: RestoreReport | None = None
    steps: Mapping[str, Span] = field(default_factory=dict)
    """Those that have begun, by name."""
    waits_for: str | None = None
    """What has to be over first."""
    serves: bool = False
    """Whether the server answers, or is not meant to."""
    error: str | None = None
    """Why the restored database, or what is in it, cannot be used yet."""
    failures: tuple[str, ...] = ()
    """Writes that the API server refused in this pass, a sentence each."""

    @property
    def holds_server(self) -> bool:
        """Whether the server makes room for this restore."""
        annotations = self.server.identity.annotations if self.server else {}
        return annotations.get(naming.RESTORING_ANNOTATION) == self.identity.name
