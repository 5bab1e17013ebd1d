"""References to other objects, and the conditions every status carries."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from authly_operator.api import value


ObjectName = Annotated[
    str, Field(min_length=1, max_length=253, pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")
]
Namespace = Annotated[
    str, Field(min_length=1, max_length=63, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
]
SecretKey = Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[-._a-zA-Z0-9]+$")]
LabelText = Annotated[str, Field(max_length=63)]
AnnotationText = Annotated[str, Field(max_length=4096)]
ScopeName = Annotated[
    str, Field(min_length=1, max_length=128, pattern=r"^[\x21\x23-\x5B\x5D-\x7E]+$")
]
"""A scope-token of RFC 6749 section 3.3."""
WebUri = Annotated[str, Field(max_length=512, pattern=r"^https?://[^\s]+$")]


class SecretReference(value.Value):
    """A Secret of the same namespace."""

    name: ObjectName
    """Name of the Secret."""


class SecretKeyReference(SecretReference):
    """One key of a Secret of the same namespace."""

    key: SecretKey
    """Key inside the Secret."""


class LocalReference(value.Value):
    """An object of the same namespace."""

    name: ObjectName
    """Its name."""


class ServerReference(value.Value):
    """The AuthlyServer that a scope or a client belongs to."""

    name: ObjectName
    """Name of the AuthlyServer."""
    namespace: Namespace | None = None
    """Namespace of the AuthlyServer; the resource's own where omitted. Another namespace must be
    admitted by the server's spec.allowedClients."""


class LocalServerReference(value.Value):
    """An AuthlyServer of the same namespace: whoever may copy or replace its data is at home."""

    name: ObjectName
    """Name of the AuthlyServer."""


class ConditionStatus(StrEnum):
    """Whether a condition holds."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class Condition(value.Value):
    """One observation, as metav1.Condition."""

    type: Annotated[str, Field(min_length=1, max_length=316)]
    """What is observed, for example Ready."""
    status: ConditionStatus
    """True, False or Unknown."""
    reason: Annotated[str, Field(min_length=1, max_length=1024)]
    """Why, as one word for programs."""
    message: Annotated[str, Field(max_length=32768)]
    """Why, as a sentence for people."""
    observed_generation: Annotated[int, Field(ge=0)] | None = None
    """The metadata.generation that was judged."""
    last_transition_time: Annotated[str, Field(json_schema_extra={"format": "date-time"})]
    """When the status last changed, RFC 3339."""


Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
"""RFC 3339."""
Conditions = Annotated[
    tuple[Condition, ...],
    Field(
        max_length=32,
        json_schema_extra={
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["type"],
        },
    ),
]
SET = {"x-kubernetes-list-type": "set"}
"""A list without order or repetition, so that server-side apply merges it entry by entry."""
ATOMIC = {"x-kubernetes-list-type": "atomic"}
"""A list that is replaced as a whole."""
NAMED = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]}
"""A list whose entries are known, and merged, by name."""
