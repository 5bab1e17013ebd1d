"""What a resource owner granted to a client: the parent of codes and tokens."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Grant:
    """A live grant; revoking it ends every code and token issued from it.

    `resources` are the RFC 8707 resource indicators granted, empty for none.
    """

    id: UUID
    client_id: UUID
    user_id: UUID
    scopes: frozenset[str]
    resources: tuple[str, ...] = ()
