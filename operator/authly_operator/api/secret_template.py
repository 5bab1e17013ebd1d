"""The Secret that a client's pods read, as its AuthlyClient wants it."""

from typing import Annotated

from pydantic import Field

from authly_operator.api import reference, value


class SecretTemplate(value.Value):
    """The Secret that the operator writes for the client's pods."""

    name: reference.ObjectName | None = None
    """Its name; `<metadata.name>-oauth` where omitted."""
    labels: Annotated[dict[str, reference.LabelText], Field(max_length=32)] = Field(
        default_factory=dict
    )
    """Labels to add."""
    annotations: Annotated[dict[str, reference.AnnotationText], Field(max_length=32)] = Field(
        default_factory=dict
    )
    """Annotations to add."""
