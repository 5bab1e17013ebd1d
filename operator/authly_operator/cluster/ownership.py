"""Whose an object is: ours to write, ours to delete, or somebody else's; pure."""

from collections.abc import Mapping
from typing import Any

from authly_operator import naming
from authly_operator.cluster import errors


Manifest = Mapping[str, Any]


def check(manifest: Manifest, seen: Manifest) -> None:
    """Check that what exists by a manifest's name may be written.

    It may where the same resource controls both. Where one of them has no controller (it is kept
    when its resource goes, or lost it by an orphaning deletion), it must bear our mark, and the
    name of the same instance or none.

    Raises:
        errors.Foreign: somebody else's, or another resource's of ours.
    """
    kind, name = manifest["kind"], manifest["metadata"]["name"]
    owner, wanted = controller(seen), controller(manifest)
    if owner is not None and wanted is not None:
        if owner["uid"] != wanted["uid"]:
            raise errors.Foreign(kind, name, f"{owner['kind']} {owner['name']}")
    elif not _is_marked(seen) or _instance(seen) not in ("", _instance(manifest)):
        raise errors.Foreign(kind, name)


def controller(seen: Manifest) -> Mapping[str, Any] | None:
    """The owner reference of the one resource that controls the object."""
    references = seen["metadata"].get("ownerReferences", ())
    return next((one for one in references if one.get("controller")), None)


def applied_by_us(seen: Manifest) -> bool:
    """Whether the operator itself ever wrote the object; a copy of it by people was not."""
    fields = seen["metadata"].get("managedFields", ())
    return any(entry.get("manager") == naming.FIELD_MANAGER for entry in fields)


def _is_marked(seen: Manifest) -> bool:
    """Whether it has our label (also after a restore), or was written by us before it lost that."""
    labels = seen["metadata"].get("labels", {})
    return labels.get(naming.MANAGED_BY_LABEL) == naming.FIELD_MANAGER or applied_by_us(seen)


def _instance(seen: Manifest) -> str:
    return str(seen["metadata"].get("labels", {}).get(naming.INSTANCE_LABEL, ""))
