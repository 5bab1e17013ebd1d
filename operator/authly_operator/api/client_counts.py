"""What the status of an AuthlyServer tells of its clients."""

from typing import Annotated

from pydantic import Field

from authly_operator.api import value


class ClientCounts(value.Value):
    """The AuthlyClients whose serverRef names the server, of all namespaces that are watched."""

    total: Annotated[int, Field(ge=0)]
    """How many there are, those that are refused too."""
    ready: Annotated[int, Field(ge=0)]
    """How many of them are Ready."""
