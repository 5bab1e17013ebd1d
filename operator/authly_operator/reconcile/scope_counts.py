"""How many clients may ask for a scope: counted again soon after a client was registered otherwise.

No event tells an AuthlyScope of that, and its next look may be minutes away.
"""

from collections.abc import Mapping
from typing import Any

from authly_operator.reconcile.collaborators import Collaborators
from authly_operator.workqueue import Key


Row = Mapping[str, Any]


def changed(tools: Collaborators, server: Key, before: Row | None, after: Row | None) -> None:
    """Let the scopes that only one of the two rows of a client has be looked at, many in one go."""
    names = _scopes(before) ^ _scopes(after)
    for key in tools.dependants.scopes(server, names) if names else ():
        tools.wake_later(key)


def _scopes(row: Row | None) -> set[str]:
    return set(row["scopes"]) if row else set()
