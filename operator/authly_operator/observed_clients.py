"""What was seen around one AuthlyClient or AuthlyScope, and nothing wished."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from authly_operator import naming
from authly_operator.api.drift import Drift
from authly_operator.observed import Identity, Manifest, SecretData, ServerView, Written
from authly_operator.observed_secrets import KnownSecret, Rollout


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretSeen:
    """A Secret that a client would be given, or reads its secret from."""

    data: SecretData
    owner_uid: str | None = None
    """The uid of the controlling owner reference."""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    recalled: bool = False
    """Whether it is gone, and this is what is remembered of it: its data alone."""
    stored: Manifest | None = field(default=None, repr=False, compare=False)
    """The object as the API server has it."""

    def belongs_to(self, uid: str) -> bool:
        """Whether it is that AuthlyClient's: controlled by it, or left by one that was orphaned."""
        ours = self.labels.get(naming.MANAGED_BY_LABEL) == naming.FIELD_MANAGER
        for_clients = self.labels.get(naming.COMPONENT_LABEL) == naming.Component.CLIENT
        return self.owner_uid == uid or (self.owner_uid is None and ours and for_clients)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationObserved:
    """What is seen around a registration of either kind."""

    identity: Identity
    server: ServerView | None = None
    """None where the AuthlyServer does not exist."""
    namespace_labels: Mapping[str, str] = field(default_factory=dict)
    """Labels of the resource's own namespace, for spec.allowedClients."""
    row: Mapping[str, Any] | None = None
    """What observe_scope or observe_client answered, after the write where there was one."""
    written: Written | None = None
    """The answer to the write of this pass; None where nothing had to be written."""
    error: str | None = None
    """Why the database could not be asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeObserved(RegistrationObserved):
    """Everything seen around one AuthlyScope."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What the token endpoint said of a client's credentials: yes, no, or nothing."""

    mark: str | None = None
    """Which credentials it took: the secret's name in the database, and the method."""
    got_token: bool = False
    """Whether it gave the operator one in this pass."""
    refusal: str | None = None
    unanswered: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientObserved(RegistrationObserved):
    """Everything seen around one AuthlyClient."""

    secrets: tuple[KnownSecret, ...] = ()
    """What the server takes from the client, the current one first."""
    taken: tuple[str, ...] = ()
    """Former ones that somebody took from the database before their time, by name."""
    rollouts: tuple[Rollout, ...] = ()
    """The workloads that use it, up to the first that does not run with the current one."""
    unresolved: tuple[str, ...] = ()
    """What spec.redirectUrisFrom refers to and is of no use, and why."""
    wanted: Mapping[str, Any] | None = None
    """The row that the spec asks for, as it was to be written in this pass."""
    synced: str | None = None
    """Digest of the wanted row, where the database was brought to it, or drift was left."""
    drift: tuple[Drift, ...] = ()
    """What somebody had changed of the row that was written last."""
    verified: Verified | None = None
    """What the token endpoint said of the Secret's credentials; None where nobody asked."""
    secret: SecretSeen | None = None
    """The Secret of the name that secretTemplate names."""
    former: SecretSeen | None = None
    """The Secret of the name before, where secretTemplate names another one now."""
    lost: bool = False
    """Whether nobody knew any more what its Secret had held, so that it was drawn anew."""
    source: SecretSeen | None = None
    """The Secret that auth.secret.ref names."""
    failures: tuple[str, ...] = ()
    """Writes that the API server refused in this pass, a sentence each."""

    @property
    def current_works(self) -> bool:
        """Whether the token endpoint has taken the secret that the database knows as current."""
        mark = self.verified.mark if self.verified else None
        return mark is not None and any(mark.startswith(f"{one.name}/") for one in self.secrets[:1])
