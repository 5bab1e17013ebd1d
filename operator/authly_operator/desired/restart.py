"""What restarts a workload that uses a client's secret: one annotation of its pod template."""

from authly_operator import naming
from authly_operator.observed import Manifest


def build(found: Manifest, secret: str) -> Manifest:
    """The part to apply to the very workload that was found; `secret` is the name of the secret."""
    metadata = found["metadata"]
    annotations = {naming.RESTARTED_FOR_ANNOTATION: secret}
    return {
        "apiVersion": found["apiVersion"],
        "kind": found["kind"],
        "metadata": {key: metadata[key] for key in ("name", "namespace", "uid")},
        "spec": {"template": {"metadata": {"annotations": annotations}}},
    }


def is_asked_for(found: Manifest, secret: str) -> bool:
    """Whether the workload was told to restart for that secret already."""
    metadata = found["spec"]["template"].get("metadata") or {}
    return (metadata.get("annotations") or {}).get(naming.RESTARTED_FOR_ANNOTATION) == secret
