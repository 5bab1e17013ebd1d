"""Affinity of pods, field by field as core/v1 has it, so that a wrong one is refused at once."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from authly_operator.api import reference, value


LabelKey = Annotated[str, Field(min_length=1, max_length=317)]
Values = Annotated[tuple[reference.LabelText, ...], Field(max_length=64)]
Labels = Annotated[dict[str, reference.LabelText], Field(max_length=32)]
Weight = Annotated[int, Field(ge=1, le=100)]
TopologyKey = Annotated[str, Field(min_length=1, max_length=317)]


class NodeOperator(StrEnum):
    """How a node's label is compared."""

    IN = "In"
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"
    GT = "Gt"
    LT = "Lt"


class LabelOperator(StrEnum):
    """How a pod's or a namespace's label is compared."""

    IN = "In"
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"


class NodeRequirement(value.Value):
    """One label, or one field, of a node."""

    key: LabelKey
    """The label's key; metadata.name in matchFields."""
    operator: NodeOperator
    """In, NotIn, Exists, DoesNotExist, Gt or Lt."""
    values: Values = ()
    """What the label is compared with; none for Exists and DoesNotExist."""


class NodeTerm(value.Value):
    """Nodes that satisfy all of its requirements."""

    match_expressions: Annotated[tuple[NodeRequirement, ...], Field(max_length=16)] = ()
    """Requirements of the node's labels."""
    match_fields: Annotated[tuple[NodeRequirement, ...], Field(max_length=16)] = ()
    """Requirements of the node's fields."""


class NodeSelector(value.Value):
    """Nodes that satisfy one of the terms."""

    node_selector_terms: Annotated[tuple[NodeTerm, ...], Field(min_length=1, max_length=16)]
    """The terms, of which one is enough."""


class PreferredNodes(value.Value):
    """Nodes that are preferred."""

    weight: Weight
    """How much, from 1 to 100."""
    preference: NodeTerm
    """The nodes."""


class NodeAffinity(value.Value):
    """Which nodes."""

    required_during_scheduling_ignored_during_execution: NodeSelector | None = None
    """Nodes that a pod must be on."""
    preferred_during_scheduling_ignored_during_execution: Annotated[
        tuple[PreferredNodes, ...], Field(max_length=16)
    ] = ()
    """Nodes that a pod had better be on."""


class LabelRequirement(value.Value):
    """One label of a pod or a namespace."""

    key: LabelKey
    """The label's key."""
    operator: LabelOperator
    """In, NotIn, Exists or DoesNotExist."""
    values: Values = ()
    """What the label is compared with; none for Exists and DoesNotExist."""


class LabelSelector(value.Value):
    """Objects that satisfy all labels and requirements; {} selects every one."""

    match_labels: Labels = Field(default_factory=dict)
    """Labels and their values."""
    match_expressions: Annotated[tuple[LabelRequirement, ...], Field(max_length=16)] = ()
    """Requirements of labels."""


class PodTerm(value.Value):
    """Pods, and what of their nodes counts as the same place."""

    label_selector: LabelSelector | None = None
    """The pods."""
    namespaces: Annotated[tuple[reference.Namespace, ...], Field(max_length=32)] = ()
    """Their namespaces; the server's own where neither this nor namespaceSelector is set."""
    namespace_selector: LabelSelector | None = None
    """Their namespaces by label; {} selects every one."""
    topology_key: TopologyKey
    """The node's label that tells places apart, for example topology.kubernetes.io/zone."""


class PreferredPods(value.Value):
    """Pods near which, or far from which, is preferred."""

    weight: Weight
    """How much, from 1 to 100."""
    pod_affinity_term: PodTerm
    """The pods."""


class PodAffinity(value.Value):
    """Near which pods, or far from which."""

    required_during_scheduling_ignored_during_execution: Annotated[
        tuple[PodTerm, ...], Field(max_length=16)
    ] = ()
    """What must hold."""
    preferred_during_scheduling_ignored_during_execution: Annotated[
        tuple[PreferredPods, ...], Field(max_length=16)
    ] = ()
    """What had better hold."""


class Affinity(value.Value):
    """Where replicas are scheduled, as in a pod."""

    node_affinity: NodeAffinity | None = None
    """Which nodes."""
    pod_affinity: PodAffinity | None = None
    """Near which pods."""
    pod_anti_affinity: PodAffinity | None = None
    """Far from which pods."""
