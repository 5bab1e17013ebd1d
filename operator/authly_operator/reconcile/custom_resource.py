"""A custom resource as it comes from the API server: who it is, and what it says."""

from collections.abc import Mapping
from typing import Any, Final, TypeVar

import pydantic

from authly_operator import naming
from authly_operator.api import value
from authly_operator.observed import Identity
from authly_operator.reconcile.collaborators import Collaborators
from authly_operator.workqueue import Key


DISABLED: Final = "disabled"
FOREGROUND: Final = "foregroundDeletion"
"""The garbage collector's finalizer (Kubernetes, foreground cascading deletion)."""
Spec = TypeVar("Spec", bound=value.Value)


class InvalidSpec(ValueError):  # noqa: N818 - says what it is
    """The spec is not what this operator knows; one line that says where."""


async def find(tools: Collaborators, key: Key) -> Mapping[str, Any] | None:
    """The resource as it is now, which is what its story looks at; None where it is gone.

    Raises:
        cluster.errors.ClusterError: the API server did not answer.
    """
    body = await tools.api.get(*key)
    if body is None:
        tools.looked_at.forget(key)
    else:
        tools.looked_at.note(key, key.kind, body["metadata"])
    return body


def identify(body: Mapping[str, Any]) -> Identity:
    """Who the resource is."""
    metadata = body["metadata"]
    deleting = "deletionTimestamp" in metadata
    return Identity(
        name=metadata["name"],
        namespace=metadata["namespace"],
        uid=metadata["uid"],
        generation=metadata["generation"],
        created=metadata.get("creationTimestamp", ""),
        deleting=deleting,
        foreground=deleting and FOREGROUND in metadata.get("finalizers", ()),
        annotations=metadata.get("annotations", {}),
    )


def is_disabled(identity: Identity) -> bool:
    """Whether its annotation asks the operator to keep its hands off."""
    return identity.annotations.get(naming.RECONCILE_ANNOTATION) == DISABLED


def parse(kind: type[Spec], body: Mapping[str, Any]) -> Spec:
    """The spec as a value.

    Raises:
        InvalidSpec: it was stored under other rules than those of this operator's version.
    """
    try:
        return kind.model_validate(body.get("spec", {}))
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, ("spec", *first["loc"])))
        message = f"{place}: {first['msg']}"
        raise InvalidSpec(message) from None
