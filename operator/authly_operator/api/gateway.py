"""How an AuthlyServer is reached through a Gateway (gateway.networking.k8s.io)."""

from typing import Annotated

from pydantic import Field

from authly_operator.api import reference, value


SectionName = Annotated[
    str, Field(min_length=1, max_length=253, pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")
]
HostName = Annotated[
    str,
    Field(min_length=1, max_length=253, pattern=r"^(\*\.)?[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"),
]


class ParentReference(value.Value):
    """A Gateway."""

    name: reference.ObjectName
    """Name of the Gateway."""
    namespace: reference.Namespace | None = None
    """Namespace of the Gateway; the server's own where omitted. Another one's listeners must admit
    routes from here."""
    section_name: SectionName | None = None
    """The listener; all of the Gateway's where omitted."""
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    """The port of the listeners."""


class Gateway(value.Value):
    """An HTTPRoute; only the endpoints of OAuth are reachable through it."""

    parent_refs: Annotated[
        tuple[ParentReference, ...],
        Field(min_length=1, max_length=16, json_schema_extra=reference.ATOMIC),
    ]
    """The Gateways; they end TLS."""
    hostnames: Annotated[
        tuple[HostName, ...], Field(max_length=16, json_schema_extra=reference.SET)
    ] = ()
    """The host names users reach the server by; the issuer's where omitted."""
