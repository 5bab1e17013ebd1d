"""Where an AuthlyServer keeps its data."""

from typing import Annotated

from pydantic import ConfigDict, Field

from authly_operator.api import reference, value


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
    """How much to claim."""
    class_name: reference.ObjectName | None = None
    """The StorageClass; the cluster's default where omitted."""


class Managed(value.Value):
    """A PostgreSQL 15 that the operator runs."""

    image: Annotated[str, Field(min_length=1, max_length=512)] | None = None
    """The image of PostgreSQL 15; the operator's default where omitted."""
    storage: Annotated[
        Storage,
        Field(
            json_schema_extra=value.rules(
                value.rule(
                    "self == oldSelf",
                    "managed.storage is immutable, as a StatefulSet's claim is: expand the"
                    " PersistentVolumeClaim data-<name>-database-0 itself, or restore a backup into"
                    " a new AuthlyServer",
                )
            )
        ),
    ] = Field(default_factory=Storage)
    """The volume of the data directory; immutable."""
    resources: Resources = Field(default_factory=Resources)
    """Compute resources of PostgreSQL."""
    parameters: Annotated[
        dict[str, Annotated[str, Field(max_length=256)]], Field(max_length=64)
    ] = Field(default_factory=dict)
    """Settings of PostgreSQL, for example shared_buffers: 256MB."""


class External(value.Value):
    """A PostgreSQL that somebody else runs."""

    secret_ref: reference.SecretKeyReference
    """The key of a Secret that holds the owner's URL: postgresql://user:password@host:port/name."""


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
    """Where the data is kept: exactly one of managed and external."""

    model_config = ConfigDict(
        json_schema_extra=value.rules(
            value.rule(
                "has(self.managed) != has(self.external)",
                "set exactly one of database.managed ({} is enough) and database.external",
            ),
            value.rule(
                "has(self.managed) == has(oldSelf.managed)",
                "a database is not moved by editing: restore a backup into a new AuthlyServer",
            ),
        )
    )

    managed: Managed | None = None
    """A PostgreSQL 15 that the operator runs; {} for its defaults."""
    external: External | None = None
    """A PostgreSQL that somebody else runs."""
    pool: Pool = Field(default_factory=Pool)
    """Connections of each replica."""
