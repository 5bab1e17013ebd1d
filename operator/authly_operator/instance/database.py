"""Whether a database that the operator did not make answers its owner, and if not, why."""

from typing import Final

from authly_operator.instance import errors, session
from authly_operator.instance.idle import Connection


SECONDS: Final = 2.0
"""For the answer, once connected."""


async def reachable(owner_url: str) -> str | None:
    """None where it answers; else one line without credentials, within five seconds.

    Told apart are a wrong password, an unknown host or database, refused TLS, a closed port, and
    silence.
    """
    try:
        await session.run_once(owner_url, _ask, SECONDS)
    except errors.Unreachable as failure:
        return str(failure)
    return None


async def _ask(connection: Connection) -> None:
    await connection.execute("SELECT 1")
