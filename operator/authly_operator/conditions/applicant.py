"""Who asks a server for leave, and for what: a client, a scope, or a client as registered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from authly_operator.api import authly_client, authly_scope, duration
from authly_operator.api.client_authentication import AuthMethod
from authly_operator.condition_names import Reason
from authly_operator.observed import Identity


@dataclass(frozen=True, slots=True)
class Refusal:
    """The rule that refuses: its reason, and a line that names it and says what to do."""

    reason: Reason
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a client would have."""

    scopes: tuple[str, ...] = ()
    grant_types: tuple[str, ...] = ()
    browsers_go_to: tuple[str, ...] = ()
    """Redirect URIs, those of logout too."""
    access_token_ttl: int | None = None
    """Seconds; the server's default where it is None."""
    proves_by_key: bool = False
    """Whether it proves itself by private_key_jwt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applicant:
    """Whose resource it is, and what it asks for; `client` is None where it is about a scope."""

    identity: Identity
    namespace_labels: Mapping[str, str] = field(default_factory=dict)
    client: Asked | None = None
    scope: str | None = None


def of(
    spec: authly_client.Spec | authly_scope.Spec,
    identity: Identity,
    namespace_labels: Mapping[str, str],
) -> Applicant:
    """What a resource asks for by its spec."""
    if isinstance(spec, authly_scope.Spec):
        return Applicant(identity=identity, namespace_labels=namespace_labels, scope=spec.name)
    lifetime = spec.tokens.access_token_ttl
    asked = Asked(
        scopes=spec.scopes,
        grant_types=tuple(spec.grant_types),
        browsers_go_to=(*spec.redirect_uris, *spec.post_logout_redirect_uris),
        access_token_ttl=None if lifetime is None else duration.seconds(lifetime),
        proves_by_key=spec.auth_method() is AuthMethod.PRIVATE_KEY_JWT,
    )
    return Applicant(identity=identity, namespace_labels=namespace_labels, client=asked)


def registered(
    row: Mapping[str, Any], identity: Identity, namespace_labels: Mapping[str, str]
) -> Applicant:
    """What a client has by its row, as observe_client answers it."""
    asked = Asked(
        scopes=tuple(row["scopes"]),
        grant_types=tuple(row["grant_types"]),
        browsers_go_to=(*row["redirect_uris"], *row["post_logout_redirect_uris"]),
        access_token_ttl=row["access_token_ttl"],
        proves_by_key=row["auth_method"] == "private_key_jwt",
    )
    return Applicant(identity=identity, namespace_labels=namespace_labels, client=asked)
