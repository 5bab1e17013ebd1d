"""Whether a database that the operator did not make answers its owner, and if not, why."""

from typing import Final

from authly_operator.instance import errors, session
from authly_operator.instance.idle import Connection
from authly_operator.observed import Claimant, DatabaseProbe


SECONDS: Final = 2.0
"""For the answer, once connected."""


_HAS_SCHEMA: Final = "SELECT to_regprocedure('authly_api.observe_instance()') IS NOT NULL"


async def probe(owner_url: str) -> DatabaseProbe:
    """Whether it answers, or why not in one line without credentials, within five seconds.

    Told apart are a wrong password, an unknown host or database, refused TLS, a closed port, and
    silence. Of one that answers it is told whose it is.
    """
    try:
        return await session.run_once(owner_url, _ask, SECONDS)
    except errors.Unreachable as failure:
        return DatabaseProbe(error=str(failure))


async def _ask(connection: Connection) -> DatabaseProbe:
    claimant = await _claimant(connection)
    return DatabaseProbe(claimant=claimant, version=session.version_of(connection))


async def _claimant(connection: Connection) -> Claimant | None:
    """None where nobody has claimed it; a server that was here before has made the function."""
    row = await (await connection.execute(_HAS_SCHEMA)).fetchone()
    if row is None or not row[0]:
        return None
    row = await (await connection.execute("SELECT authly_api.observe_instance()")).fetchone()
    claim = row and row[0].get("claim")
    return Claimant(**claim) if claim else None
