"""A scope that clients may be allowed to ask for (RFC 6749 section 3.3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Scope:
    """One row of scopes; `description` is what the consent page tells a person."""

    name: str
    description: str
    is_default: bool
    descriptions: Mapping[str, str] = field(default_factory=dict)
    """The same by language tag (RFC 5646)."""
    claims: frozenset[str] = frozenset()
    """Standard claims that tokens of the scope are answered with."""
    is_sensitive: bool = False
    """Whether people are asked each time."""

    def described_in(self, languages: Sequence[str]) -> str:
        """The description in the first of the languages that there is one in (RFC 4647, 3.4)."""
        known = {tag.lower(): text for tag, text in self.descriptions.items()}
        for tag in languages:
            while tag:
                if tag in known:
                    return known[tag]
                tag = tag.rpartition("-")[0]  # noqa: PLW2901 - from pt-br to pt
        return self.description
