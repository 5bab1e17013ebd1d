"""One story a kind: gather -> judge spec -> desired -> apply -> prune -> observe -> status.

Each story is level-based: it is told a name, looks at what there is, and brings it to what the
resource says, whatever happened before. It answers in how many seconds to look again.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from authly_operator.reconcile import backup, client, restore, scope, server
from authly_operator.reconcile.collaborators import Collaborators
from authly_operator.workqueue import Key


Story = Callable[[Collaborators, Key], Awaitable[float | None]]
"""Answers seconds until the next look; None where only an event brings the resource back."""

STORIES: Final[Mapping[str, Story]] = {
    "AuthlyServer": server.reconcile,
    "AuthlyScope": scope.reconcile,
    "AuthlyClient": client.reconcile,
    "AuthlyBackup": backup.reconcile,
    "AuthlyRestore": restore.reconcile,
}
