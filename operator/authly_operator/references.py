"""Which objects of other people a client refers to, as far as watch events told of it."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from authly_operator.workqueue import Key


class Target(NamedTuple):
    """An object that is not the operator's, whose changes somebody has to hear of."""

    kind: str
    namespace: str
    name: str


@dataclass(slots=True)
class References:
    """An index that is rebuilt from nothing at each start; `changed` is set when it did."""

    changed: asyncio.Event = field(default_factory=asyncio.Event)
    _targets: dict[Key, frozenset[Target]] = field(default_factory=dict)
    _referrers: dict[Target, dict[Key, None]] = field(default_factory=dict)

    def note(self, key: Key, body: Mapping[str, Any] | None) -> None:
        """Remember what the resource refers to by now; forget one that went (None)."""
        before = self._targets.pop(key, frozenset())
        after = frozenset(() if body is None else _targets(key, body))
        if after:
            self._targets[key] = after
        for target in before - after:
            self._release(target, key)
        for target in after - before:
            self._referrers.setdefault(target, {})[key] = None
        if before != after:
            self.changed.set()

    def targets(self) -> tuple[Target, ...]:
        """Everything that somebody refers to, in the order in which it was heard of."""
        return tuple(self._referrers)

    def of(self, target: Target) -> tuple[Key, ...]:
        """Who refers to it."""
        return tuple(self._referrers.get(target, ()))

    def _release(self, target: Target, key: Key) -> None:
        referrers = self._referrers[target]
        del referrers[key]
        if not referrers:
            del self._referrers[target]


def _targets(key: Key, body: Mapping[str, Any]) -> Iterator[Target]:
    """References of an AuthlyClient are always to its own namespace."""
    if key.kind != "AuthlyClient":
        return
    spec = body.get("spec") or {}
    secret = (spec.get("auth") or {}).get("secret") or {}
    if reference := secret.get("ref"):
        yield Target("Secret", key.namespace, reference["name"])
    for source in spec.get("redirectUrisFrom") or ():
        for kind, field_name in (("Ingress", "ingressRef"), ("HTTPRoute", "httpRouteRef")):
            if reference := source.get(field_name):
                yield Target(kind, key.namespace, reference["name"])
