"""What can be told of a person, by the names of OpenID Connect Core section 5.1."""

from collections.abc import Callable, Mapping
from typing import Final

from authly_server.model.user import User
from authly_server.protocol.claims_request import COVERED_BY


_TELL: Final[Mapping[str, Callable[[User], object]]] = {
    "preferred_username": lambda user: user.username,
    "updated_at": lambda user: int(user.updated_at.timestamp()),
    "email": lambda user: user.email,
    "email_verified": lambda user: user.is_verified,
}


def tell(user: User, names: frozenset[str]) -> dict[str, object]:
    """The claims of those names; a name that is not known here is left out."""
    return {name: value(user) for name, value in _TELL.items() if name in names}


def covered_by(scopes: frozenset[str]) -> frozenset[str]:
    """The claims that the scopes ask for (section 5.4)."""
    return frozenset(name for name, scope in COVERED_BY.items() if scope in scopes)
