"""Where an AuthlyServer's pods are scheduled."""

from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field

from authly_operator.api import affinity, reference, value


NodeSelector = Annotated[dict[str, reference.LabelText], Field(max_length=32)]


class TolerationOperator(StrEnum):
    """How a taint is compared."""

    EQUAL = "Equal"
    EXISTS = "Exists"


class TaintEffect(StrEnum):
    """What a taint does to pods."""

    NO_SCHEDULE = "NoSchedule"
    PREFER_NO_SCHEDULE = "PreferNoSchedule"
    NO_EXECUTE = "NoExecute"


class Toleration(value.Value):
    """A taint of nodes that is tolerated."""

    model_config = ConfigDict(
        json_schema_extra=value.rules(
            value.rule(
                "has(self.key) || self.operator == 'Exists'",
                "a toleration without key tolerates everything: say so by operator Exists",
            ),
            value.rule(
                "!has(self.value) || self.operator == 'Equal'",
                "operator Exists takes no value: remove it, or set operator to Equal",
            ),
            value.rule(
                "!has(self.tolerationSeconds) || (has(self.effect) && self.effect == 'NoExecute')",
                "tolerationSeconds is for effect NoExecute only",
            ),
        )
    )

    key: Annotated[str, Field(min_length=1, max_length=317)] | None = None
    """The taint's key; every key where omitted."""
    operator: TolerationOperator = TolerationOperator.EQUAL
    """Equal compares the value too, Exists does not."""
    value: reference.LabelText | None = None
    """The taint's value."""
    effect: TaintEffect | None = None
    """The taint's effect; every effect where omitted."""
    toleration_seconds: Annotated[int, Field(ge=0)] | None = None
    """How long a pod stays on a node that was tainted; for ever where omitted."""


class WhenUnsatisfiable(StrEnum):
    """What becomes of a pod that would make replicas too uneven."""

    DO_NOT_SCHEDULE = "DoNotSchedule"
    SCHEDULE_ANYWAY = "ScheduleAnyway"


class TopologySpread(value.Value):
    """How evenly replicas are spread; the operator fills in their labels."""

    model_config = ConfigDict(
        json_schema_extra=value.rules(
            value.rule(
                "!has(self.minDomains) || self.whenUnsatisfiable == 'DoNotSchedule'",
                "minDomains is for whenUnsatisfiable DoNotSchedule only",
            )
        )
    )

    topology_key: affinity.TopologyKey
    """The node's label that tells places apart, for example topology.kubernetes.io/zone."""
    max_skew: Annotated[int, Field(ge=1, le=100)] = 1
    """By how many replicas two places may differ."""
    when_unsatisfiable: WhenUnsatisfiable = WhenUnsatisfiable.SCHEDULE_ANYWAY
    """Whether a pod waits (DoNotSchedule) or goes elsewhere (ScheduleAnyway)."""
    min_domains: Annotated[int, Field(ge=1, le=100)] | None = None
    """How many places there should be at least."""


Tolerations = Annotated[
    tuple[Toleration, ...], Field(max_length=32, json_schema_extra=reference.ATOMIC)
]
TopologySpreads = Annotated[
    tuple[TopologySpread, ...],
    Field(
        max_length=8,
        json_schema_extra={
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["topologyKey"],
        },
    ),
]
