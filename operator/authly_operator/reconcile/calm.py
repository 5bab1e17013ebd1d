"""A short look at a server at which nothing is to be done: does all still answer as it did?

A full look lists each kind of child, though whatever changes of a child is told by an event. As
long as there was none, and the server is the one that was judged, only what no event tells of is
asked again: the Secrets of others, which kinds the cluster knows, who signs its service accounts,
the database, the endpoint. Any difference leads to a full look, and so do `SECONDS` without one.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from authly_operator.dependants import Tally
from authly_operator.observed import AccountsProbe, DatabaseProbe, EndpointProbe, SecretData
from authly_operator.workqueue import Key


SECONDS: Final = 300.0


@dataclass(frozen=True, slots=True)
class Questions:
    """What is asked in a short look, and where."""

    secrets: tuple[str, ...]
    database: str = field(repr=False)
    endpoint: str
    issuer: str


@dataclass(frozen=True, slots=True)
class Answers:
    """What was answered; none of it changes where all is well."""

    secrets: Mapping[str, SecretData]
    kinds: frozenset[str]
    accounts: AccountsProbe
    database: DatabaseProbe | None
    endpoint: EndpointProbe | None


@dataclass(frozen=True, slots=True)
class Scene:
    """A server as a full look left it: its resourceVersion, its clients, and what was answered."""

    version: str
    clients: Tally
    questions: Questions
    answers: Answers
    until: float


@dataclass(slots=True)
class Calm:
    """Scenes that no event has disturbed; with `seconds` 0 none is kept."""

    seconds: float = 0.0
    monotonic: Callable[[], float] = time.monotonic
    _scenes: dict[Key, Scene] = field(default_factory=dict)
    _events: int = 0

    @property
    def events(self) -> int:
        """How many events there were: a look during which one came keeps nothing."""
        return self._events

    def disturb(self, key: Key) -> None:
        """Something of that server changed, or may have."""
        self._events += 1
        self._scenes.pop(key, None)

    def keep(self, key: Key, scene: Scene, events: int) -> None:
        """Remember a scene that was begun to be looked at when there were so many events."""
        if self.seconds and events == self._events:
            self._scenes[key] = scene

    def take(self, key: Key, version: str, clients: Tally) -> Scene | None:
        """The scene, where the server and its clients are the same and it is not too old.

        It is kept no longer: whoever finds all as it was keeps it again.
        """
        scene = self._scenes.pop(key, None)
        if scene is None or (scene.version, scene.clients) != (version, clients):
            return None
        return scene if self.monotonic() < scene.until else None
