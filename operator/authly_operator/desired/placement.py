"""Where pods are scheduled: what all of them share, and what is for the replicas alone."""

from typing import Final

from authly_operator import naming
from authly_operator.api import placement, value
from authly_operator.desired.plan import Plan
from authly_operator.observed import Manifest


_NODE: Final = "kubernetes.io/hostname"


def of_every_pod(plan: Plan) -> Manifest:
    """The fields of a pod's spec that hold for replicas, Jobs, the database and Redis alike."""
    spec = plan.spec
    parts = {
        "imagePullSecrets": [value.written(one) for one in spec.image.pull_secrets],
        "nodeSelector": spec.node_selector,
        "tolerations": [value.written(one) for one in spec.tolerations],
        "priorityClassName": spec.priority_class_name,
    }
    return {name: part for name, part in parts.items() if part}


def of_replicas(plan: Plan) -> Manifest:
    """The fields of a pod's spec that spread the replicas, or keep them together."""
    given = plan.spec.affinity
    affinity = apart_from(plan, naming.Component.SERVER) if given is None else value.written(given)
    spread = [_spread(plan, one) for one in plan.spec.topology_spread]
    parts = {"affinity": affinity, "topologySpreadConstraints": spread}
    return {name: part for name, part in parts.items() if part}


def apart_from(plan: Plan, *components: naming.Component) -> Manifest:
    """An affinity that prefers nodes without pods of these components of the server."""
    return {
        "podAntiAffinity": {
            "preferredDuringSchedulingIgnoredDuringExecution": [
                {
                    "weight": 100,
                    "podAffinityTerm": {
                        "labelSelector": {"matchLabels": naming.selector(plan.name, component)},
                        "topologyKey": _NODE,
                    },
                }
                for component in components
            ]
        }
    }


def _spread(plan: Plan, wanted: placement.TopologySpread) -> Manifest:
    """The pods of one revision are counted alone, so that a roll-out ends as even as it began."""
    least = {} if wanted.min_domains is None else {"minDomains": wanted.min_domains}
    return {
        "topologyKey": wanted.topology_key,
        "maxSkew": wanted.max_skew,
        "whenUnsatisfiable": wanted.when_unsatisfiable.value,
        "labelSelector": _replicas(plan),
        "matchLabelKeys": ["pod-template-hash"],
        **least,
    }


def _replicas(plan: Plan) -> Manifest:
    return {"matchLabels": naming.selector(plan.name, naming.Component.SERVER)}
