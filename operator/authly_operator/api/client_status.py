"""What the operator observed of an AuthlyClient."""

from typing import Annotated

from pydantic import Field

from authly_operator.api import drift as drifts, reference, rotation, value


class Status(value.Value):
    """What the operator observed."""

    observed_generation: Annotated[int, Field(ge=0)] | None = None
    """The metadata.generation this status judges."""
    conditions: reference.Conditions = ()
    """Accepted, ServerResolved, ScopesResolved, RedirectUrisResolved, Synced, CredentialsReady,
    CredentialsVerified, SecretRotated, and Ready."""
    client_id: Annotated[str, Field(max_length=512)] | None = None
    """The client_id that is registered."""
    secret_ref: reference.SecretReference | None = None
    """The Secret with the client's credentials and endpoints."""
    verified: Annotated[str, Field(max_length=64)] | None = None
    """Which credentials the token endpoint took last: the secret's name there, and the method."""
    secrets: (
        Annotated[
            tuple[rotation.SecretStatus, ...],
            Field(
                max_length=8,
                json_schema_extra={
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["id"],
                },
            ),
        ]
        | None
    ) = None
    """The secrets that the server takes from the client."""
    next_rotation_time: rotation.Moment | None = None
    """When the operator replaces the secret next, RFC 3339."""
    synced: Annotated[str, Field(max_length=64)] | None = None
    """A digest of the registration that was written last, by which changes of others are known."""
    drift: drifts.Drifts | None = None
    """What somebody changed of the registration, and spec.driftPolicy Report leaves so."""
    last_sync_time: rotation.Moment | None = None
    """When the registration was last written, RFC 3339."""
    last_token_issued_time: rotation.Moment | None = None
    """About when the client, or the operator in its name, got a token last: the first one within
    minutes, then to an hour."""
