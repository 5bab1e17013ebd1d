"""How many replicas there are, by what they use."""

from typing import Annotated

from pydantic import ConfigDict, Field

from authly_operator.api import value


Percentage = Annotated[int, Field(ge=1, le=1000)]


class Autoscaling(value.Value):
    """A HorizontalPodAutoscaler, which owns the number of replicas; needs the metrics API."""

    model_config = ConfigDict(
        json_schema_extra=value.rules(
            value.rule("self.min <= self.max", "autoscaling.min must not be greater than max"),
            value.rule(
                "has(self.cpu) || has(self.memory)",
                "set autoscaling.cpu or autoscaling.memory: by what are replicas added?",
            ),
        )
    )

    min: Annotated[int, Field(ge=1, le=100)] = 2
    """Replicas at least."""
    max: Annotated[int, Field(ge=1, le=100)]
    """Replicas at most."""
    cpu: Percentage | None = None
    """Replicas are added above this average use of CPU, in percent of what is requested."""
    memory: Percentage | None = None
    """Replicas are added above this average use of memory, in percent of what is requested."""
