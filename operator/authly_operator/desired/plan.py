"""Everything that the objects of one AuthlyServer are made from, and what follows from it."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from authly_operator import naming
from authly_operator.api import authly_server, registration
from authly_operator.desired import account_keys, config, fingerprint
from authly_operator.material import Material, credentials
from authly_operator.observed import AccountsProbe, Claimant, JobState, ServerObserved


_IMAGE: Final = re.compile(r"(.+?)((?::[^/@:]+)?(?:@.+)?)")
"""Repository, and tag or digest with its separator."""
_MIGRATED: Final = (
    "MIGRATION_DATABASE_URL",
    "DATABASE_URL",
    "OPERATOR_DATABASE_URL",
    "ADMIN_EMAIL",
    "ADMIN_PASSWORD",
)
"""What a migration is given, so that another value of one is another Job."""
_OF_PODS: Final = {
    "affinity",
    "extra_env",
    "node_selector",
    "pod_template",
    "priority_class_name",
    "resources",
    "tolerations",
    "topology_spread",
}
"""Fields of the spec that are about the replicas' pods."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is wanted, what was seen, and what the Secrets hold, at one moment."""

    spec: authly_server.Spec
    seen: ServerObserved
    material: Material
    now: datetime
    """With a time zone."""

    @property
    def name(self) -> str:
        """The AuthlyServer's name."""
        return self.seen.identity.name

    @property
    def namespace(self) -> str:
        """The AuthlyServer's namespace."""
        return self.seen.identity.namespace

    @property
    def image(self) -> str:
        """The server's image; what spec.image leaves open is the operator's default."""
        default = _IMAGE.fullmatch(self.seen.settings.server_image)
        repository, suffix = default.groups() if default else ("", "")
        wanted = self.spec.image
        named = wanted.tag or self.spec.version
        tag = f"@{wanted.digest}" if wanted.digest else f":{named}" if named else suffix
        return (wanted.repository or repository) + tag

    @property
    def database_image(self) -> str:
        """The image of a managed database."""
        managed = self.spec.database.managed
        return (managed and managed.image) or self.seen.settings.database_image

    @property
    def dump_image(self) -> str | None:
        """The image whose pg_dump is of the database's major version; None where none is known."""
        database = self.spec.database
        if database.dump.image or database.managed is not None:
            return database.dump.image or self.database_image
        if self.seen.postgres_version is None:
            return None
        default = _IMAGE.fullmatch(self.seen.settings.database_image)
        repository = default[1] if default else ""
        return f"{repository}:{self.seen.postgres_version.partition('.')[0]}"

    @property
    def migration_job(self) -> str:
        """The Job of this image for this database; other passwords are another Job."""
        given = (self.material.credentials.get(self.newest(key), "") for key in _MIGRATED)
        whole = (*given, *self.extensions, self.seen.identity.uid)
        return naming.migration(self.name, self.image, "\0".join(whole))

    @property
    def role_lock_job(self) -> str:
        """The Job that locks the roles from before those of now; empty where nobody knows them."""
        passwords = self.material.passwords
        return naming.role_lock(self.name, passwords.lock) if passwords else ""

    def newest(self, key: str) -> str:
        """The key of the credentials Secret that has the same for the roles that come, if any."""
        coming = credentials.IDLE_URLS.get(key, key)
        return coming if coming in self.material.credentials else key

    @property
    def extensions(self) -> tuple[str, ...]:
        """What the migration creates in a managed database, in alphabetical order."""
        managed = self.spec.database.managed
        return tuple(sorted(managed.extensions)) if managed else ()

    @property
    def accounts(self) -> AccountsProbe | None:
        """Whose service accounts the server believes; None where it believes none by itself."""
        return account_keys.believed(self.spec, self.seen)

    @property
    def settings(self) -> dict[str, str]:
        """Every setting that is no secret, by the name of its environment variable."""
        own = config.data(self.spec, self.seen.identity)
        return {**own, **account_keys.settings(self.accounts)}

    @property
    def config_hash(self) -> str:
        """A digest of everything that a server is started with, so not of the key ring."""
        given = {key: self.material.credentials.get(key) for key in config.credentials(self.spec)}
        pods = self.spec.model_dump(mode="json", include=_OF_PODS, exclude_defaults=True)
        # What is only default leaves no trace, so that a later version's field restarts nothing.
        more = [pods] if pods else []
        return fingerprint.of(self.settings, given, *more)

    @property
    def migrated(self) -> bool:
        """Whether the schema is what this image needs, and the roles have their passwords."""
        return self.seen.job(self.migration_job) is JobState.SUCCEEDED

    @property
    def restoring(self) -> bool:
        """Whether the server makes room for an AuthlyRestore: nothing serves, nothing is due."""
        return naming.RESTORING_ANNOTATION in self.seen.identity.annotations

    @property
    def registers(self) -> bool:
        """Whether clients may register themselves."""
        mode = self.spec.oauth.dynamic_registration.mode
        return mode is not registration.RegistrationMode.OFF

    @property
    def claimed_by(self) -> Claimant | None:
        """The other AuthlyServer that the database belongs to: nothing is changed there then.

        One of the same name may have been this one before it was created again, until a migration
        of this one has claimed it.
        """
        found = self.seen.database and self.seen.database.claimant
        if not found or found.uid == self.seen.identity.uid:
            return None
        if found.owner == self.seen.identity.owner:
            return found if self.migrated else None
        return None if found.owner == self.taken_from else found

    @property
    def taken_from(self) -> str:
        """Whose database somebody says that this one takes over; mostly nobody's."""
        annotations = self.seen.identity.annotations
        return annotations.get(naming.TAKE_DATABASE_FROM_ANNOTATION, "")

    @property
    def database_ready(self) -> bool:
        """Whether the database answers; an outage is none to what is rolled out already."""
        if self.claimed_by is not None:
            return False
        if self.spec.database.managed is not None:
            database = self.seen.child("StatefulSet", naming.database(self.name)) or {}
            return int(database.get("status", {}).get("readyReplicas") or 0) > 0
        answered = self.seen.database is not None and self.seen.database.error is None
        return answered or self.seen.child("Deployment", naming.deployment(self.name)) is not None
