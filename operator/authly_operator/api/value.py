"""What every value of a custom resource is: camelCase on the wire, immutable in the program."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Value(BaseModel):
    """A part of a resource; the documentation under a field is its description in the schema."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        frozen=True,
        use_attribute_docstrings=True,
    )


def written(part: Value) -> dict[str, Any]:
    """The part as it goes into a manifest: camelCase, without what is only a default."""
    return part.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def rule(expression: str, message: str) -> dict[str, Any]:
    """One CEL rule (x-kubernetes-validations) with the message that says what to do."""
    return {"rule": expression, "message": message}


def rules(*each: Mapping[str, Any]) -> dict[str, Any]:
    """The rules of one model or field, for its `json_schema_extra`."""
    return {"x-kubernetes-validations": [dict(one) for one in each]}
