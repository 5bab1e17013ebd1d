"""Which scopes and clients belong to a server, as far as watch events told of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from authly_operator.workqueue import Key


@dataclass(slots=True)
class Dependants:
    """An index that is rebuilt from nothing at each start."""

    _servers: dict[Key, Key] = field(default_factory=dict)
    _members: dict[Key, dict[Key, None]] = field(default_factory=dict)

    def note(self, key: Key, body: Mapping[str, Any] | None) -> None:
        """Remember the resource's serverRef, which never changes; forget one that went (None)."""
        server = None if body is None else _server(key, body)
        before = self._servers.get(key)
        if before is not None and before != server:
            self._members[before].pop(key, None)
            del self._servers[key]
        if server is not None:
            self._servers[key] = server
            self._members.setdefault(server, {})[key] = None

    def of(self, server: Key) -> tuple[Key, ...]:
        """The scopes, then the clients that refer to the server: clients need their scopes."""
        members = self._members.get(server, {})
        return tuple(sorted(members, key=lambda key: key.kind != "AuthlyScope"))


def _server(key: Key, body: Mapping[str, Any]) -> Key | None:
    reference = body.get("spec", {}).get("serverRef")
    if not reference or "name" not in reference:
        return None
    return Key("AuthlyServer", reference.get("namespace") or key.namespace, reference["name"])
