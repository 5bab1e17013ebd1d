"""A scope that clients may be allowed to ask for (RFC 6749 section 3.3)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scope:
    """One row of scopes; `description` is what the consent page tells a person."""

    name: str
    description: str
    is_default: bool
