"""What a status tells of a change of the server's image."""

from typing import Annotated

from pydantic import Field

from authly_operator.api import value


class Upgrade(value.Value):
    """A change of the server's image that is under way."""

    from_: Annotated[str, Field(alias="from", max_length=1024)]
    """The image that served before."""
    to: Annotated[str, Field(max_length=1024)]
    """The image that is wanted."""
    phase: Annotated[str, Field(max_length=16)]
    """Migrating (the former image serves), RollingOut, Paused, or Stopped: conditions say why."""
