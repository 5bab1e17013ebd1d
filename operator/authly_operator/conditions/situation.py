"""One AuthlyServer's spec, what was seen of it, and what the last pass put there."""

from dataclasses import dataclass

from authly_operator import naming
from authly_operator.api import authly_server
from authly_operator.conditions import workload
from authly_operator.observed import Claimant, JobState, ServerObserved


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What the desired objects carry, to know the observed ones by."""

    image: str
    """The server's image in the Deployment's pod template."""
    migration_job: str
    """Name of the migration Job (naming.migration)."""
    config_hash: str
    """The pod template's annotation naming.CONFIG_HASH_ANNOTATION."""
    approved: bool = True
    """Whether the migration may start as far as people have to agree."""
    missing: tuple[str, ...] = ()
    """Sentences of references that lead nowhere, from Material.missing."""
    claimed_by: Claimant | None = None
    """Another AuthlyServer that the database belongs to."""
    role_lock_job: str = ""
    """Name of the Job that locks the former roles (naming.role_lock)."""
    signing_keys_missing: str | None = None
    """Why keys cannot be had, from Material.signing_keys_missing."""
    shortages: tuple[str, ...] = ()
    """Why a managed database's volumes are smaller than the spec says and stay so."""
    impossible: tuple[str, ...] = ()
    """Kinds that the spec asks for and that cannot be had here."""
    backup_overdue: str | None = None
    """When a backup was due that was never begun."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What the policies of a server judge."""

    spec: authly_server.Spec
    seen: ServerObserved
    expected: Expectation

    @property
    def deployment(self) -> workload.Workload | None:
        """The Deployment of the replicas."""
        name = naming.deployment(self.seen.identity.name)
        return workload.parse(self.seen.child("Deployment", name))

    @property
    def database(self) -> workload.Workload | None:
        """The StatefulSet of the managed database."""
        name = naming.database(self.seen.identity.name)
        return workload.parse(self.seen.child("StatefulSet", name))

    @property
    def job(self) -> JobState:
        """How far the migration Job is."""
        return self.seen.job(self.expected.migration_job)

    @property
    def available(self) -> int:
        """How many replicas are available, old ones too."""
        return self.deployment.available if self.deployment else 0

    @property
    def autoscaled(self) -> bool:
        """Whether an autoscaler owns the number of replicas."""
        scaled = self.spec.autoscaling is not None and self.spec.replicas > 0
        return scaled and not self.restoring

    @property
    def wanted(self) -> int:
        """How many replicas are to be available, at least where an autoscaler adds more."""
        return 0 if self.restoring else self.spec.least_replicas()

    @property
    def restoring(self) -> str | None:
        """The AuthlyRestore that the server makes room for."""
        return self.seen.identity.annotations.get(naming.RESTORING_ANNOTATION)

    @property
    def awaits_approval(self) -> bool:
        """Whether the migration waits for a person alone."""
        return self.job is JobState.ABSENT and not self.expected.approved

    @property
    def at_expectation(self) -> bool:
        """Whether the Deployment is asked for the wanted image and settings."""
        found, expected = self.deployment, self.expected
        if found is None or expected.image not in found.images:
            return False
        return found.config_hash == expected.config_hash

    @property
    def old_replicas(self) -> bool:
        """Whether pods of before the present roll-out may be among the available ones."""
        found = self.deployment
        if found is None:
            return False
        return not self.at_expectation or not found.caught_up or found.pods > found.updated

    @property
    def paused(self) -> bool:
        """Whether the operator keeps its hands off."""
        annotation = self.seen.identity.annotations.get(naming.RECONCILE_ANNOTATION)
        return self.spec.paused or annotation == "disabled"
