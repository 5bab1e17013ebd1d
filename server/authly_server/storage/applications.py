"""What a person has let in: what they agreed to, and the live grants, by client; and its end."""

from typing import LiteralString
from uuid import UUID

from authly_server.model.client import ClientOrigin
from authly_server.model.own_account import Application
from authly_server.storage import sign_out
from authly_server.storage.connections import Row
from authly_server.storage.pool import Database


# A grant is live as long as it can be refreshed, its code can be redeemed (ten minutes at most), or
# the access token that it brought last is good.
_FIND: LiteralString = """
WITH held AS (
    SELECT grants.client_id, grants.scopes, grants.created_at AS since,
        greatest(grants.created_at, family.rotated_at) AS used_at
    FROM authly.grants JOIN authly.clients AS client ON client.id = grants.client_id
    LEFT JOIN authly.tokens AS family
        ON family.grant_id = grants.id AND family.token_type = 'refresh'
    WHERE grants.user_id = %(user_id)s AND grants.revoked_at IS NULL
    AND (family.expires_at > now()
        OR greatest(grants.created_at + interval '10 minutes', family.rotated_at)
            + make_interval(secs => coalesce(client.access_token_ttl, %(access_token_ttl)s))
            > now())
    UNION ALL
    SELECT client_id, scopes, created_at, NULL FROM authly.consents WHERE user_id = %(user_id)s
), application AS (
    SELECT client_id, min(since) AS since, max(used_at) AS used_at,
        array_remove(array_agg(DISTINCT scope), NULL) AS scopes
    FROM held LEFT JOIN LATERAL unnest(held.scopes) AS scope ON true
    GROUP BY client_id
)
SELECT client.id, client.client_id, client.display_name, client.origin, application.scopes,
    application.since, application.used_at
FROM application JOIN authly.clients AS client ON client.id = application.client_id
ORDER BY application.used_at DESC NULLS LAST, application.since DESC, client.id LIMIT %(most)s
"""
# Clients are told of each session in which they lose a grant: what they keep of the person by
# that sign-in has to end as well.
_WITHDRAW: LiteralString = """
WITH forgotten AS (
    DELETE FROM authly.consents WHERE user_id = %(user_id)s AND client_id = %(client_id)s
    RETURNING client_id
), revoked AS (
    UPDATE authly.grants SET revoked_at = now()
    WHERE user_id = %(user_id)s AND client_id = %(client_id)s AND revoked_at IS NULL
    RETURNING client_id, user_id, session_id, scopes
), recorded AS (
    INSERT INTO authly.audit_log (event, user_id, client_id, detail)
    SELECT 'access_withdrawn', %(user_id)s, client.client_id,
        jsonb_build_object('grants', (SELECT count(*) FROM revoked))
    FROM authly.clients AS client
    WHERE client.id IN (SELECT client_id FROM forgotten UNION SELECT client_id FROM revoked)
), told AS (
    INSERT INTO authly.logout_notices (client_id, session_id, user_id)
    SELECT DISTINCT revoked.client_id, revoked.session_id, revoked.user_id
    FROM revoked JOIN authly.clients AS client ON client.id = revoked.client_id
    WHERE 'openid' = ANY (revoked.scopes) AND revoked.session_id IS NOT NULL
    AND client.enabled AND client.backchannel_logout_uri IS NOT NULL
    RETURNING id
)
SELECT count(*) AS notices FROM told
"""


async def find_of(
    database: Database, user_id: UUID, *, access_token_ttl: int, most: int
) -> tuple[Application, ...]:
    """Up to `most` applications of a person, the one used last first.

    `access_token_ttl` in seconds is that of clients without one of their own.
    """
    parameters = {"user_id": user_id, "access_token_ttl": access_token_ttl, "most": most}
    return tuple(map(_read, await database.fetch_all(_FIND, parameters)))


async def withdraw(database: Database, *, user_id: UUID, client_id: UUID) -> int:
    """Forget what the person agreed to for that client, and revoke all that it has of them.

    To withdraw what there is not is no error. Answers how many notices of logout wait.
    """
    parameters = {"user_id": user_id, "client_id": client_id}
    async with database.connection() as connection:
        # What is just being granted is waited for, so that the statement sees it.
        await connection.execute(sign_out.LOCK, {"id": user_id})
        row = await (await connection.execute(_WITHDRAW, parameters)).fetchone()
    return 0 if row is None else int(row["notices"])


def _read(row: Row) -> Application:
    scopes, origin = frozenset(row["scopes"]), ClientOrigin(row["origin"])
    return Application(**{**row, "scopes": scopes, "origin": origin})
