"""What an AuthlyServer's status tells of a managed database."""

from typing import Annotated

from pydantic import Field

from authly_operator.api import reference, value


class ReplicaStatus(value.Value):
    """A replica of a managed database."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    """The pod."""
    streaming: bool
    """Whether it receives what is written as it is written."""
    lag_bytes: Annotated[int, Field(ge=0)] | None = None
    """How much of that it has not applied yet, in steps of 16 MiB."""
    lag_seconds: Annotated[int, Field(ge=0)] | None = None
    """How long that took last, in steps of 10 seconds."""


class DatabaseStatus(value.Value):
    """What is known of the database."""

    version: Annotated[str, Field(max_length=32)] | None = None
    """The version of PostgreSQL that answered last."""
    storage: Annotated[str, Field(max_length=32)] | None = None
    """What the volume of a managed one holds."""
    passwords_since: reference.Moment | None = None
    """Since when the passwords of its roles are in use; known once somebody asked for others."""
    replicas: (
        Annotated[
            tuple[ReplicaStatus, ...],
            Field(
                max_length=4,
                json_schema_extra={
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["name"],
                },
            ),
        ]
        | None
    ) = None
    """The streaming replicas of a managed one."""
