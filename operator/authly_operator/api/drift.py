"""What differs between a registration and its AuthlyClient, since somebody changed the former."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from authly_operator.api import value


class DriftPolicy(StrEnum):
    """What becomes of changes that somebody made in the server's database."""

    ENFORCE = "Enforce"
    REPORT = "Report"


class Drift(value.Value):
    """One field that somebody changed."""

    path: Annotated[str, Field(min_length=1, max_length=253)]
    """The field of the spec, for example redirectUris."""
    desired: Annotated[str, Field(max_length=512)]
    """What the spec says, as JSON."""
    actual: Annotated[str, Field(max_length=512)]
    """What the server has, as JSON; redacted where it is about a secret."""


Drifts = Annotated[
    tuple[Drift, ...],
    Field(
        max_length=64,
        json_schema_extra={
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["path"],
        },
    ),
]
