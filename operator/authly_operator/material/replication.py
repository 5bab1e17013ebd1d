"""What replicas of a managed database sign in to the primary with."""

from collections.abc import Callable
from typing import Final

from authly_operator.api import database


PASSWORD: Final = "replication-password"  # noqa: S105 - the name of a key
ROLE: Final = "authly_replication"
"""May stream, and so read everything, and write nothing."""


def draw(wanted: database.Database, text: Callable[[str], str]) -> dict[str, str]:
    """What the credentials Secret holds of it; `text` is the password, drawn or as it was."""
    managed = wanted.managed
    return {PASSWORD: text(PASSWORD)} if managed is not None and managed.replicas else {}
