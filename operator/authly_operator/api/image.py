"""Which image the server runs, and how it is pulled."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from authly_operator.api import reference, value


class PullPolicy(StrEnum):
    """When the image is pulled."""

    ALWAYS = "Always"
    IF_NOT_PRESENT = "IfNotPresent"
    NEVER = "Never"


class Image(value.Value):
    """The server's image; the operator's default where omitted."""

    repository: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    """Repository, for example docker.io/authly/server."""
    tag: Annotated[str, Field(min_length=1, max_length=128)] | None = None
    """Tag, for example 0.1.0."""
    digest: Annotated[str, Field(max_length=71, pattern=r"^sha256:[0-9a-f]{64}$")] | None = None
    """Digest, sha256:...; goes before the tag."""
    pull_policy: PullPolicy = PullPolicy.IF_NOT_PRESENT
    """When the image is pulled."""
    pull_secrets: Annotated[
        tuple[reference.SecretReference, ...],
        Field(max_length=8, json_schema_extra=reference.NAMED),
    ] = ()
    """Secrets with which the images of all pods are pulled, of type
    kubernetes.io/dockerconfigjson."""
