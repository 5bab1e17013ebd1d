"""spec.podTemplate merged into a pod template, without a way to take its confinement away."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from authly_operator.api import pod_template, value
from authly_operator.desired import pod


KEYS: Final = {"volumeMounts": "mountPath", "ports": "containerPort", "env": "name"}
"""Lists that are merged entry by entry, and by which field (core/v1's patchMergeKey)."""


def merge(template: pod.Part, patch: pod_template.PodTemplate) -> pod.Part:
    """The pod template with the patch; the operator's labels, and its containers' security, stay.

    Containers beside ours get the same security context, which the schema takes none for.
    """
    metadata, spec = template["metadata"], template["spec"]
    labels = {**patch.labels, **metadata["labels"]}
    annotations = {**patch.annotations, **metadata.get("annotations", {})}
    beside = [value.written(one) for one in patch.volumes]
    containers = _containers(spec["containers"], patch.containers)
    before = _containers((), patch.init_containers)
    return {
        "metadata": {"labels": labels, **({"annotations": annotations} if annotations else {})},
        "spec": {
            **spec,
            "containers": containers,
            **({"initContainers": before} if before else {}),
            "volumes": [*spec["volumes"], *beside],
        },
    }


def _containers(
    ours: Sequence[pod.Part], patches: Sequence[pod_template.Container]
) -> list[pod.Part]:
    given = {patch.name: value.written(patch) for patch in patches}
    patched = [_merged(one, given.pop(one["name"], {})) for one in ours]
    return [*patched, *(_confined(one) for one in given.values())]


def _confined(container: Mapping[str, Any]) -> pod.Part:
    name, image = container["name"], container["image"]
    return _merged(pod.container(name, image), container)


def _merged(container: pod.Part, patch: Mapping[str, Any]) -> pod.Part:
    security = {"securityContext": container["securityContext"]}
    return {**_merged_object(container, patch), **security}


def _merged_object(ours: Mapping[str, Any], patch: Mapping[str, Any]) -> pod.Part:
    merged = {**ours, **{name: _merged_part(name, ours.get(name), patch[name]) for name in patch}}
    return {name: part for name, part in merged.items() if part is not None and part != []}


def _merged_part(name: str, ours: Any, patch: Any) -> Any:
    if isinstance(patch, Mapping):
        return _merged_object(ours if isinstance(ours, Mapping) else {}, patch)
    if isinstance(patch, list) and isinstance(ours, list) and name in KEYS:
        key = KEYS[name]
        entries = {one.get(key): one for one in [*ours, *patch]}
        return list(entries.values())
    return patch
