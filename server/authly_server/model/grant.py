"""What a resource owner granted to a client: the parent of codes and tokens."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Authentication:
    """When, how and in which session a person had proved who they are before they granted.

    `session_id` is the `sid` of OpenID Connect, and may be of a session that is over; `acr` names
    the way of proving.
    """

    session_id: UUID
    at: datetime
    acr: str


@dataclass(frozen=True, slots=True)
class Grant:
    """A live grant; revoking it ends every code and token issued from it.

    `resources` are the RFC 8707 resource indicators granted, empty for none. `authentication` is
    None where nobody signed in for it in a browser. `id_token_claims` were asked for one by one.
    """

    id: UUID
    client_id: UUID
    user_id: UUID
    scopes: frozenset[str]
    resources: tuple[str, ...] = ()
    authentication: Authentication | None = None
    id_token_claims: frozenset[str] = frozenset()
