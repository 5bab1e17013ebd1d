"""spec.allowedClients of an AuthlyServer: who may register with it, and for what."""

from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field

from authly_operator.api import authly_client, duration, reference, value


RedirectHost = Annotated[
    str,
    Field(
        min_length=1,
        max_length=253,
        pattern=r"^((\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\]"
        r"|[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+:)$",
    ),
]
"""A host, `*.` and a domain for every host below it, or a private-use scheme with its colon."""


class NamespacesFrom(StrEnum):
    """Which namespaces are meant."""

    SAME = "Same"
    ALL = "All"
    SELECTOR = "Selector"


class AllowedNamespaces(value.Value):
    """Which namespaces may register scopes and clients."""

    model_config = ConfigDict(
        json_schema_extra=value.rules(
            value.rule(
                "(self.from == 'Selector') == (size(self.matchLabels) > 0)",
                "from Selector needs matchLabels; Same and All take none",
            )
        )
    )

    from_: Annotated[NamespacesFrom, Field(alias="from")] = NamespacesFrom.SAME
    """Same (the server's own), All, or Selector."""
    match_labels: Annotated[dict[str, reference.LabelText], Field(max_length=16)] = Field(
        default_factory=dict
    )
    """Labels of the namespaces, with from Selector."""


class AllowedClients(value.Value):
    """Which AuthlyClients and AuthlyScopes may refer to the server, and what clients may have.

    A list that is omitted allows everything; an empty one is refused, since it could mean either.
    """

    model_config = ConfigDict(
        json_schema_extra=value.rules(
            value.rule(
                "!has(self.maxAccessTokenTTL) || (duration(self.maxAccessTokenTTL) >="
                " duration('1s') && duration(self.maxAccessTokenTTL) <= duration('24h'))",
                "maxAccessTokenTTL must be between 1s and 24h",
            ),
        )
    )

    namespaces: AllowedNamespaces = Field(default_factory=AllowedNamespaces)
    """Which namespaces may register scopes and clients."""
    scopes: Annotated[
        tuple[reference.ScopeName, ...] | None,
        Field(min_length=1, max_length=256, json_schema_extra=reference.SET),
    ] = None
    """The scopes that AuthlyClients may have, and that AuthlyScopes of other namespaces may be
    about; all where omitted."""
    grant_types: Annotated[
        tuple[authly_client.GrantType, ...] | None,
        Field(min_length=1, max_length=5, json_schema_extra=reference.SET),
    ] = None
    """The grant types that AuthlyClients may have; all where omitted."""
    redirect_hosts: Annotated[
        tuple[RedirectHost, ...] | None,
        Field(min_length=1, max_length=64, json_schema_extra=reference.SET),
    ] = None
    """Where clients may send browsers, by redirectUris and postLogoutRedirectUris, on any port: a
    host such as app.example.com or localhost, *.example.com for every host below example.com, or a
    private-use scheme such as com.example.app:. Everywhere where omitted."""
    max_access_token_ttl: Annotated[duration.Duration | None, Field(alias="maxAccessTokenTTL")] = (
        None
    )
    """The longest lifetime of access tokens that a client may have; at least the server's own
    tokens.accessTokenTTL. 24h where omitted."""
