"""The HTTPRoute: the same paths as the Ingress's, through a Gateway."""

from authly_operator import naming
from authly_operator.api import value
from authly_operator.desired import ingress, metadata, url
from authly_operator.desired.plan import Plan
from authly_operator.observed import Manifest


def build(plan: Plan) -> Manifest:
    """The HTTPRoute of spec.gateway.

    Raises:
        LookupError: the spec has no gateway.
    """
    wanted = plan.spec.gateway
    if wanted is None:
        message = "the spec has no gateway"
        raise LookupError(message)
    each = [("Exact", path) for path in ingress.paths(plan)]
    each += [("PathPrefix", path) for path in ingress.prefixes(plan)]
    paths = [{"path": {"type": kind, "value": path}} for kind, path in each]
    backend = {"name": naming.deployment(plan.name), "port": plan.spec.service.port}
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": metadata.build(plan, naming.deployment(plan.name)),
        "spec": {
            "parentRefs": [value.written(one) for one in wanted.parent_refs],
            "hostnames": list(wanted.hostnames or (url.host(plan.spec.effective_issuer()),)),
            "rules": [{"matches": paths, "backendRefs": [backend]}],
        },
    }


def is_wanted(plan: Plan) -> bool:
    """Whether there is an HTTPRoute."""
    return plan.spec.gateway is not None
