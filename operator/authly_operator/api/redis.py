"""Where the replicas of an AuthlyServer count requests together."""

from typing import Annotated

from pydantic import ConfigDict, Field

from authly_operator.api import database, reference, value


class ManagedRedis(value.Value):
    """A Redis that the operator runs; it keeps counts for a minute, and nothing on disk."""

    image: Annotated[str, Field(min_length=1, max_length=512)] | None = None
    """The image of Redis; the operator's default where omitted."""
    resources: database.Resources = Field(default_factory=database.Resources)
    """Compute resources of Redis."""
    max_memory: Annotated[str, Field(max_length=16, pattern=r"^[1-9][0-9]*(Ki|Mi|Gi)$")] = "64Mi"
    """How much its data may take; the counts that were asked for least lately go first."""


class ExternalRedis(value.Value):
    """A Redis that somebody else runs."""

    url_secret_ref: reference.SecretKeyReference
    """The key of a Secret that holds its URL: redis://:password@host:6379/0, or rediss:// for
    TLS."""


class Redis(value.Value):
    """The counts that replicas share; while it is gone, each replica counts for itself."""

    model_config = ConfigDict(
        json_schema_extra=value.rules(
            value.rule(
                "has(self.managed) != has(self.external)",
                "set exactly one of redis.managed ({} is enough) and redis.external",
            )
        )
    )

    managed: ManagedRedis | None = None
    """A Redis that the operator runs; {} for its defaults."""
    external: ExternalRedis | None = None
    """A Redis that somebody else runs."""
