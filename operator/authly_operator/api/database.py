"""Where an AuthlyServer keeps its data."""

from enum import StrEnum
from typing import Annotated, Final

from pydantic import ConfigDict, Field

from authly_operator.api import duration, reference, value


RESERVED: Final = (
    "config_file",
    "data_directory",
    "hba_file",
    "ident_file",
    "listen_addresses",
    "password_encryption",
    "port",
    "unix_socket_directories",
)
"""Settings of a managed PostgreSQL that would part it from the operator."""
HOST: Final = r"^([A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?|[0-9a-f:.]+)$"
Quantity = int | Annotated[str, Field(max_length=32)]


class Resources(value.Value):
    """Compute resources of a container."""

    requests: Annotated[dict[str, Quantity], Field(max_length=8)] = Field(default_factory=dict)
    """What is reserved, for example cpu: 100m and memory: 256Mi."""
    limits: Annotated[dict[str, Quantity], Field(max_length=8)] = Field(default_factory=dict)
    """What may not be exceeded."""


class Storage(value.Value):
    """A volume claim."""

    size: Annotated[str, Field(max_length=32, pattern=r"^[0-9]+(\.[0-9]+)?(Ki|Mi|Gi|Ti)?$")] = (
        "10Gi"
    )
    """How much to claim; it may grow and not shrink."""
    class_name: reference.ObjectName | None = None
    """The StorageClass; the cluster's default where omitted. Immutable."""


GROWS: Final = value.rules(
    value.rule(
        "quantity(self.size).compareTo(quantity(oldSelf.size)) >= 0",
        "storage.size may only grow: restore a backup into a new AuthlyServer to shrink it",
    ),
    value.rule(
        "has(self.className) == has(oldSelf.className)"
        " && (!has(self.className) || self.className == oldSelf.className)",
        "storage.className is immutable, as a claim's is: restore a backup into a new AuthlyServer",
    ),
)


class Managed(value.Value):
    """A PostgreSQL 15 that the operator runs."""

    image: Annotated[str, Field(min_length=1, max_length=512)] | None = None
    """The image of PostgreSQL 15; the operator's default where omitted."""
    storage: Annotated[Storage, Field(json_schema_extra=GROWS)] = Field(default_factory=Storage)
    """The volume of the data directory. A greater size expands the claim, if its StorageClass
    allows that."""
    replicas: Annotated[int, Field(ge=0, le=4)] = 0
    """Streaming replicas, which may be read and lag a little; backups read from one. Each has a
    volume of its own, as large as the primary's. The first one, and taking the last one away,
    restarts PostgreSQL once."""
    resources: Resources = Field(default_factory=Resources)
    """Compute resources of PostgreSQL."""
    parameters: Annotated[
        dict[str, Annotated[str, Field(max_length=256)]],
        Field(
            max_length=64,
            json_schema_extra=value.rules(
                value.rule(
                    "self.all(name, name.matches('^[a-z][a-z0-9_.]*$'))",
                    "parameters are named as PostgreSQL names its settings: shared_buffers",
                ),
                value.rule(
                    f"!self.exists(name, name in {list(RESERVED)})",
                    "the operator decides where PostgreSQL listens and what it reads: remove "
                    + ", ".join(RESERVED),
                ),
            ),
        ),
    ] = Field(default_factory=dict)
    """Settings of PostgreSQL, for example shared_buffers: 256MB. A change restarts it."""
    extensions: Annotated[
        tuple[Annotated[str, Field(max_length=63, pattern=r"^[a-z][a-z0-9_-]*$")], ...],
        Field(max_length=32, json_schema_extra=reference.SET),
    ] = ()
    """Extensions that the migration creates, for example pg_stat_statements, which also has to be
    in parameters.shared_preload_libraries. One that is taken away stays in the database."""


class SslMode(StrEnum):
    """How connections to the database are secured."""

    DISABLE = "Disable"
    REQUIRE = "Require"
    VERIFY_CA = "VerifyCA"
    VERIFY_FULL = "VerifyFull"


class AuthorityReference(reference.SecretReference):
    """A certificate authority in a Secret of the same namespace."""

    key: reference.SecretKey = "ca.crt"
    """Key inside the Secret, whose value is PEM."""


class External(value.Value):
    """A PostgreSQL that somebody else runs."""

    model_config = ConfigDict(
        json_schema_extra=value.rules(
            value.rule(
                "has(self.secretRef) != has(self.host)",
                "set exactly one of external.secretRef (a Secret with a URL) and external.host",
            ),
            value.rule(
                "has(self.host) == has(self.credentialsSecretRef)",
                "external.host needs credentialsSecretRef, a Secret with username and password; the"
                " URL of secretRef has both",
            ),
            value.rule(
                "!has(self.secretRef) || !(has(self.port) || has(self.name) || has(self.sslMode))",
                "the URL of external.secretRef says port, name and sslmode: remove the fields",
            ),
            value.rule(
                "!has(self.host) || has(self.caSecretRef)"
                " || (has(self.sslMode) && self.sslMode in ['Disable', 'Require'])",
                "set external.caSecretRef, by which the database's certificate is verified, or"
                " sslMode Require, which encrypts and verifies nothing",
            ),
            value.rule(
                "!has(self.caSecretRef) || !has(self.sslMode)"
                " || self.sslMode in ['VerifyCA', 'VerifyFull']",
                "external.caSecretRef is for sslMode VerifyFull or VerifyCA",
            ),
        )
    )

    secret_ref: reference.SecretKeyReference | None = None
    """The key of a Secret that holds the owner's URL: postgresql://user:password@host:port/name."""
    host: (
        Annotated[
            str,
            Field(max_length=253, pattern=HOST),
        ]
        | None
    ) = None
    """Host name or address, instead of secretRef."""
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    """Port; 5432 where omitted."""
    name: Annotated[str, Field(min_length=1, max_length=52, pattern=r"^[^/\s]+$")] | None = None
    """Name of the database; authly where omitted."""
    ssl_mode: SslMode | None = None
    """VerifyFull, where omitted, verifies the certificate and its host name; VerifyCA only the
    certificate; Require encrypts; Disable does neither."""
    ca_secret_ref: AuthorityReference | None = None
    """The certificate authority of the database; also for the URL of secretRef, which is verified
    in full unless it has an sslmode. Another one is used without a restart."""
    credentials_secret_ref: reference.SecretReference | None = None
    """A Secret with username and password (kubernetes.io/basic-auth) of the database's owner, who
    may create roles."""


class ClusterTemplate(value.Value):
    """A Cluster of CloudNativePG that the operator makes; CloudNativePG runs it."""

    instances: Annotated[int, Field(ge=1, le=16)] = 3
    """How many PostgreSQLs: a primary, and standbys for it."""
    storage: Storage = Field(default_factory=Storage)
    """The volume of each."""


class CloudNativePG(value.Value):
    """A PostgreSQL of CloudNativePG, which has to be installed."""

    model_config = ConfigDict(
        json_schema_extra=value.rules(
            value.rule(
                "has(self.clusterRef) != has(self.template)",
                "set exactly one of cloudNativePG.clusterRef and cloudNativePG.template ({} is"
                " enough)",
            ),
            value.rule(
                "has(self.template) == has(oldSelf.template)"
                " && (!has(self.clusterRef) || self.clusterRef == oldSelf.clusterRef)",
                "a database is not moved by editing: restore a backup into a new AuthlyServer",
            ),
        )
    )

    cluster_ref: reference.SecretReference | None = None
    """A Cluster that exists; its application user must be able to create roles."""
    template: ClusterTemplate | None = None
    """The Cluster to make, named <name>-database."""


class Dump(value.Value):
    """The container that dumps the database for a backup, by its own pg_dump."""

    image: Annotated[str, Field(min_length=1, max_length=512)] | None = None
    """An image with sh, psql and pg_dump of the database's own major version. Where omitted, the
    image of a managed database; of others the operator's image of PostgreSQL, with the major
    version of the database as its tag."""
    size_limit: (
        Annotated[str, Field(max_length=32, pattern=r"^[0-9]+(\.[0-9]+)?(Ki|Mi|Gi|Ti)?$")] | None
    ) = None
    """How much room the dump may take on the node until it is compressed and kept. Where omitted,
    what the volume of a managed database holds; of others, what the node has."""


class Pool(value.Value):
    """Connections of each replica."""

    model_config = ConfigDict(
        json_schema_extra=value.rules(
            value.rule("self.min <= self.max", "pool.min must not be greater than pool.max")
        )
    )

    min: Annotated[int, Field(ge=0, le=100)] = 1
    """Connections kept open."""
    max: Annotated[int, Field(ge=1, le=100)] = 10
    """Connections at most."""


class Database(value.Value):
    """Where the data is kept: exactly one of managed, external and cloudNativePG."""

    model_config = ConfigDict(
        json_schema_extra=value.rules(
            value.rule(
                "[has(self.managed), has(self.external), has(self.cloudNativePG)]"
                ".filter(one, one).size() == 1",
                "set exactly one of database.managed ({} is enough), database.external and"
                " database.cloudNativePG",
            ),
            value.rule(
                "has(self.managed) == has(oldSelf.managed)"
                " && has(self.external) == has(oldSelf.external)",
                "a database is not moved by editing: restore a backup into a new AuthlyServer",
            ),
            value.rule(
                "!has(self.passwordRotationInterval)"
                " || duration(self.passwordRotationInterval) >= duration('1h')",
                "passwordRotationInterval must be at least 1h: each rotation replaces all pods",
            ),
        )
    )

    managed: Managed | None = None
    """A PostgreSQL 15 that the operator runs; {} for its defaults."""
    external: External | None = None
    """A PostgreSQL that somebody else runs."""
    cloud_native_pg: Annotated[CloudNativePG | None, Field(alias="cloudNativePG")] = None
    """A PostgreSQL with standbys, run by CloudNativePG."""
    pool: Pool = Field(default_factory=Pool)
    """Connections of each replica."""
    dump: Dump = Field(default_factory=Dump)
    """The container that dumps the database for a backup, by its own pg_dump."""
    password_rotation_interval: duration.Duration | None = None
    """How long the passwords by which the server and the operator sign in are used before others
    replace them, and the owner's of a managed database with them: for example 720h; at least 1h.
    Not rotated by themselves where omitted."""
