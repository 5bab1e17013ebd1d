"""What was seen of one resource and everything around it, and nothing wished.

`cluster` and `instance` fill these values, `material`, `desired` and `conditions` read them. An
absent key means "looked for and not there".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from authly_operator.api import authly_server


Manifest = Mapping[str, Any]
"""An object of the API server as a plain dict."""
ChildKey = tuple[str, str]
"""Kind and name of a child, for example ("Deployment", "main")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Which resource it is, and which of its generations was read."""

    name: str
    namespace: str
    uid: str
    generation: int
    created: str = ""
    """RFC 3339."""
    deleting: bool = False
    foreground: bool = False
    """Whether what belongs to it is being taken already, before it goes itself."""
    annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def owner(self) -> str:
        """How rows in the database name their owner: `namespace/name`."""
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the operator was started with and the objects depend on."""

    server_image: str = "authly/server:0.1.0"
    database_image: str = "postgres:15"
    redis_image: str = "redis:7"
    operator_namespace: str = "authly-system"
    restart_consumers: bool = False
    """Whether workloads of other people may be restarted where a client names them."""
    last_backup_seconds: int = 3600
    """How long a server that is being deleted waits for its last backup."""


@dataclass(frozen=True, slots=True)
class SecretData:
    """The decoded data of a Secret; its representation never shows a value."""

    data: Mapping[str, str] = field(repr=False)

    def get(self, key: str) -> str | None:
        """Answer the value, or None where the key is absent or empty."""
        return self.data.get(key) or None


class JobState(StrEnum):
    """How far a Job is."""

    ABSENT = "Absent"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A container that does not run, and why, as the kubelet says it."""

    component: str
    """The pod's component label: server, database, migration, …"""
    pod: str
    reason: str
    """For example ImagePullBackOff, CrashLoopBackOff, Unschedulable, Error."""
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaSeen:
    """A replica of a managed database, as its primary sees it."""

    name: str
    """The pod's."""
    streaming: bool
    """Whether it is through with what was written while it was away."""
    lag_bytes: int
    """WAL that it has not applied yet, as far as it said."""
    lag_seconds: float | None = None
    """How long the last WAL took to be applied; None where nothing is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimant:
    """The AuthlyServer that a database belongs to."""

    owner: str
    """namespace/name."""
    uid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseProbe:
    """What `authly_api.observe_instance()` answered, or why it did not."""

    schema_revision: int | None = None
    error: str | None = None
    refused: bool = False
    """Whether it answered and did not let the operator's role in."""
    replicas: tuple[ReplicaSeen, ...] | None = None
    """None where the schema is too old to know."""
    claimant: Claimant | None = None
    """None where nobody has claimed it, or the schema is too old to know."""
    tokens_not_before: str | None = None
    """RFC 3339; None where no restore has fenced tokens in, or the schema is too old to know."""
    version: str | None = None
    """Of PostgreSQL, as 18.6; None where it did not answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointProbe:
    """The issuer that the discovery document named, or why there was none."""

    issuer: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountsProbe:
    """Who signs the tokens of the cluster's service accounts, or why nobody knows.

    All of it is empty where nobody asked.
    """

    issuer: str | None = None
    keys: str = ""
    """A JWK set as JSON (RFC 7517)."""
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerObserved:
    """Everything seen around one AuthlyServer."""

    identity: Identity
    settings: Settings = field(default_factory=Settings)
    children: Mapping[ChildKey, Manifest] = field(default_factory=dict)
    """Every child but Secrets, by kind and name, with its status."""
    secrets: Mapping[str, SecretData] = field(default_factory=dict)
    """By name: credentials, signing keys, and those that the spec refers to."""
    waiting: tuple[Waiting, ...] = ()
    claims: Mapping[str, Manifest] = field(default_factory=dict)
    """The PersistentVolumeClaims of a managed database and of its replicas, by name."""
    claims_refused: Mapping[str, str] = field(default_factory=dict)
    """Why the API server did not let them grow in this pass, by name."""
    unavailable: Mapping[str, str] = field(default_factory=dict)
    """Optional kinds that cannot be had here, and why: the rest of a sentence."""
    database_busy: bool = False
    """Whether a restore is at the database, so that nobody asks it."""
    database: DatabaseProbe | None = None
    """None where nobody asked, since there are no credentials or no database yet."""
    postgres_version: str | None = None
    """That answered last, be it a while ago; None where none ever has."""
    endpoint: EndpointProbe | None = None
    """None where nobody asked, since no replica is available yet."""
    accounts: AccountsProbe = field(default_factory=AccountsProbe)
    """What the API server says of the cluster's service accounts."""
    failures: tuple[str, ...] = ()
    """Writes that the API server refused in this pass, a sentence each."""

    def child(self, kind: str, name: str) -> Manifest | None:
        """Answer the child, or None."""
        return self.children.get((kind, name))

    def job(self, name: str) -> JobState:
        """Answer how far the Job of that name is."""
        return job_state(self.child("Job", name))


def job_state(job: Manifest | None) -> JobState:
    """Answer how far a Job is, by its conditions (batch/v1: Complete and Failed are final)."""
    if job is None:
        return JobState.ABSENT
    conditions = (job.get("status") or {}).get("conditions") or ()
    final = {entry["type"] for entry in conditions if entry["status"] == "True"}
    if "Complete" in final:
        return JobState.SUCCEEDED
    return JobState.FAILED if "Failed" in final else JobState.RUNNING


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerView:
    """The AuthlyServer that a scope or a client refers to."""

    identity: Identity
    spec: authly_server.Spec
    ready: bool
    """Whether it answers: its EndpointReady condition was True when it was judged last."""
    database_ready: bool
    """Whether its database has a schema, be it an older one, and answered then."""
    schema_revision: int | None = None
    """The revision that it had then."""
    postgres_version: str | None = None
    """The version of PostgreSQL that answered last, as 18.6."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What an `authly_api` function answered to a write; outcome and detail as there."""

    outcome: str
    detail: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """A row of the database that a resource is recorded as the owner of."""

    kind: str
    """client or scope."""
    name: str
    """The client_id, or the scope's name."""
    owner: str
    """namespace/name."""
