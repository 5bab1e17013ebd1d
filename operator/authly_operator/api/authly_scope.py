"""AuthlyScope: a scope that clients of one server may ask for."""

from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field

from authly_operator.api import reference, value


class Claim(StrEnum):
    """Claims of OpenID Connect Core section 5.1 that the server knows of its users."""

    PREFERRED_USERNAME = "preferred_username"
    EMAIL = "email"
    EMAIL_VERIFIED = "email_verified"
    UPDATED_AT = "updated_at"


class DeletionPolicy(StrEnum):
    """What becomes of the registered scope when the resource is deleted."""

    DELETE = "Delete"
    ORPHAN = "Orphan"


class Spec(value.Value):
    """The scope to register."""

    model_config = ConfigDict(
        json_schema_extra=value.rules(
            value.rule(
                "!self.isDefault || !self.sensitive",
                "a sensitive scope is given to nobody who did not ask for it: set isDefault or"
                " sensitive to false",
            ),
        )
    )

    server_ref: Annotated[
        reference.ServerReference,
        Field(
            json_schema_extra=value.rules(
                value.rule(
                    "self == oldSelf",
                    "serverRef is immutable: create another AuthlyScope for the other server",
                )
            )
        ),
    ]
    """The AuthlyServer the scope is registered with; immutable."""
    name: Annotated[
        reference.ScopeName,
        Field(
            json_schema_extra=value.rules(
                value.rule(
                    "self == oldSelf",
                    "name is immutable: create another AuthlyScope with the new name",
                )
            )
        ),
    ]
    """The scope as clients write it (a scope-token, RFC 6749 section 3.3); immutable."""
    description: Annotated[str, Field(max_length=1024)] = ""
    """What the user reads on the consent page."""
    descriptions: Annotated[
        dict[str, Annotated[str, Field(min_length=1, max_length=1024)]],
        Field(
            max_length=32,
            json_schema_extra=value.rules(
                value.rule(
                    "self.all(tag, size(tag) <= 35"
                    " && tag.matches('^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$'))",
                    "descriptions are by language tag (RFC 5646), for example de or pt-BR",
                )
            ),
        ),
    ] = Field(default_factory=dict)
    """The same in other languages, by language tag: users whose browser asks for one read it."""
    is_default: bool = False
    """Whether a request that names no scope gets this one."""
    claims: Annotated[tuple[Claim, ...], Field(max_length=32, json_schema_extra=reference.SET)] = ()
    """Standard claims that UserInfo answers to tokens of this scope."""
    sensitive: bool = False
    """Whether users are asked for it each time, also those who agreed before; where the server asks
    for consent at all."""
    deletion_policy: DeletionPolicy = DeletionPolicy.DELETE
    """Delete removes the scope, and waits while clients use it; Orphan leaves it."""


class Status(value.Value):
    """What the operator observed."""

    observed_generation: Annotated[int, Field(ge=0)] | None = None
    """The metadata.generation this status judges."""
    conditions: reference.Conditions = ()
    """Accepted, ServerResolved, Synced, and Ready as their summary."""
    in_use_by: Annotated[int, Field(ge=0)] | None = None
    """How many clients of the server may ask for this scope."""


class AuthlyScope(value.Value):
    """A scope of an authorization server: what a client may be allowed to do."""

    model_config = ConfigDict(title="AuthlyScope")

    spec: Spec
    """The scope to register."""
    status: Status | None = None
    """What the operator observed."""
