"""Which version of an object each story has looked at, so that nobody is woken to look at it again.

A new leader hears of everything that there is: from the list of custom resources, and from that of
their children, one after the other. What it has read in between is no news when it is told of.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from authly_operator.workqueue import Key


Metadata = Mapping[str, Any]


class _Name(NamedTuple):
    kind: str
    name: str


@dataclass(slots=True)
class Versions:
    """By reader and object, which is of the reader's namespace: the resourceVersion read last."""

    _read: dict[Key, dict[_Name, str]] = field(default_factory=dict)

    def note(self, reader: Key, kind: str, metadata: Metadata) -> None:
        """The reader's story looks at this version from now on, or is tried again by itself."""
        self._read.setdefault(reader, {})[_name(kind, metadata)] = metadata["resourceVersion"]

    def is_news(self, reader: Key, kind: str, metadata: Metadata) -> bool:
        """Whether the reader has not looked at this version; one without a version is gone."""
        version = metadata.get("resourceVersion")
        known = self._read.get(reader, {}).get(_name(kind, metadata))
        return not version or version != known

    def forget(self, reader: Key) -> None:
        """The reader is gone."""
        self._read.pop(reader, None)


def _name(kind: str, metadata: Metadata) -> _Name:
    return _Name(kind, metadata["name"])
