"""Data of the Secrets that were whole when seen last, so that a deleted one comes back the same.

Lives as long as the process leads; after a restart a lost Secret gets new values, and everything
that depends on it follows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from authly_operator.observed import SecretData


@dataclass(slots=True)
class Memory:
    """By the uid of the resource that a Secret belongs to, and by the Secret's name."""

    _kept: dict[str, dict[str, Mapping[str, str]]] = field(default_factory=dict, repr=False)

    def keep(self, uid: str, name: str, data: Mapping[str, str]) -> None:
        """Remember what the Secret should hold from now on."""
        self._kept.setdefault(uid, {})[name] = dict(data)

    def recall(self, uid: str, name: str, seen: SecretData | None) -> SecretData | None:
        """What was seen, and what was remembered for each value that is missing there."""
        kept = self._kept.get(uid, {}).get(name)
        if kept is None:
            return seen
        present = {key: text for key, text in (seen.data if seen else {}).items() if text}
        return SecretData({**kept, **present})

    def forget(self, uid: str) -> None:
        """The resource is gone."""
        self._kept.pop(uid, None)
