"""Which scopes and clients belong to a server, and how many are Ready, as watch events told."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from authly_operator.condition_names import Condition
from authly_operator.workqueue import Key


class Tally(NamedTuple):
    """How many AuthlyClients refer to a server, and how many of those are Ready."""

    total: int
    ready: int


class _Noted(NamedTuple):
    server: Key
    ready: bool
    scope: str | None


@dataclass(slots=True)
class Dependants:
    """An index that is rebuilt from nothing at each start."""

    _noted: dict[Key, _Noted] = field(default_factory=dict)
    _members: dict[Key, dict[Key, None]] = field(default_factory=dict)
    _untold: set[Key] = field(default_factory=set)

    def note(self, key: Key, body: Mapping[str, Any] | None) -> None:
        """Remember the resource's serverRef, which never changes; forget one that went (None)."""
        before, after = self._noted.get(key), _read(key, body)
        if before == after:
            return
        if before is not None:
            self._members[before.server].pop(key, None)
            del self._noted[key]
        if after is not None:
            self._noted[key] = after
            self._members.setdefault(after.server, {})[key] = None
        if key.kind == "AuthlyClient":
            self._untold |= {each.server for each in (before, after) if each is not None}

    def of(self, server: Key) -> tuple[Key, ...]:
        """The scopes, then the clients that refer to the server: clients need their scopes."""
        members = self._members.get(server, {})
        return tuple(sorted(members, key=lambda key: key.kind != "AuthlyScope"))

    def scopes(self, server: Key, names: Collection[str]) -> tuple[Key, ...]:
        """The AuthlyScopes of the server that are about one of these scopes."""
        return tuple(
            key for key in self._members.get(server, {}) if self._noted[key].scope in names
        )

    def count(self, server: Key) -> Tally:
        """The clients that refer to the server; there is no news of them until one changes."""
        self._untold.discard(server)
        clients = [key for key in self._members.get(server, {}) if key.kind == "AuthlyClient"]
        return Tally(len(clients), sum(self._noted[key].ready for key in clients))

    def news(self) -> tuple[Key, ...]:
        """The servers whose clients are not as they were counted last."""
        return tuple(self._untold)


def _read(key: Key, body: Mapping[str, Any] | None) -> _Noted | None:
    reference = (body or {}).get("spec", {}).get("serverRef")
    if body is None or not reference or "name" not in reference:
        return None
    server = Key("AuthlyServer", reference.get("namespace") or key.namespace, reference["name"])
    scope = body["spec"].get("name") if key.kind == "AuthlyScope" else None
    return _Noted(server, _is_ready(body), scope)


def _is_ready(body: Mapping[str, Any]) -> bool:
    conditions = (body.get("status") or {}).get("conditions") or ()
    return any(one["type"] == Condition.READY and one["status"] == "True" for one in conditions)
