"""Parts of statements that sign people out; each ends in a part `told`, the notices to clients.

The statement before defines whom it is about. Back-Channel Logout section 2.7 tells clients that
take part in a session, which are those that were granted `openid` in it.
"""

from typing import LiteralString


# Before a statement that signs somebody out everywhere, in the same transaction: it looks at
# sessions as of its own beginning, which then is after that of each that it has to end.
LOCK: LiteralString = "SELECT FROM authly.users WHERE id = %(id)s FOR UPDATE"
# After a part `changed (id)` of users: everything that anybody has by their sign-in ends.
EVERYWHERE: LiteralString = """
ended AS (
    DELETE FROM authly.sessions USING changed WHERE sessions.user_id = changed.id
    RETURNING sessions.id
), revoked AS (
    UPDATE authly.grants SET revoked_at = now() FROM changed
    WHERE grants.user_id = changed.id AND grants.revoked_at IS NULL
), told AS (
    INSERT INTO authly.logout_notices (client_id, session_id, user_id)
    SELECT DISTINCT client.id, grants.session_id, grants.user_id
    FROM authly.grants JOIN ended ON ended.id = grants.session_id
    JOIN authly.clients AS client ON client.id = grants.client_id
    WHERE 'openid' = ANY (grants.scopes)
    AND client.enabled AND client.backchannel_logout_uri IS NOT NULL
    RETURNING id
)
"""
# After a part `ended (id, user_id)` of sessions: what was granted in them by OpenID Connect is
# revoked, but for offline_access, which is for when nobody is there. Records it with %(detail)s.
OF_SESSIONS: LiteralString = """
granted AS (
    SELECT grants.id, grants.client_id, grants.session_id, grants.user_id, grants.scopes
    FROM authly.grants JOIN ended ON ended.id = grants.session_id
    WHERE 'openid' = ANY (grants.scopes)
), revoked AS (
    UPDATE authly.grants SET revoked_at = now() FROM granted
    WHERE grants.id = granted.id AND grants.revoked_at IS NULL
    AND 'offline_access' <> ALL (grants.scopes)
), recorded AS (
    INSERT INTO authly.audit_log (event, user_id, detail)
    SELECT 'session_ended', user_id, jsonb_build_object('session_id', id) || %(detail)s::jsonb
    FROM ended
), told AS (
    INSERT INTO authly.logout_notices (client_id, session_id, user_id)
    SELECT DISTINCT client.id, granted.session_id, granted.user_id
    FROM granted JOIN authly.clients AS client ON client.id = granted.client_id
    WHERE client.enabled AND client.backchannel_logout_uri IS NOT NULL
    RETURNING id
)
"""
