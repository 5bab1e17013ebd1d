"""Authorization codes: issued once with their grant, redeemed once for all."""

from typing import LiteralString
from uuid import UUID

from psycopg import errors as pg

from authly_server.model.authorization_code import (
    CodeOutcome,
    CodeRedeemed,
    CodeRedemption,
    CodeRefusal,
    CodeRefused,
    CodeReplayed,
    NewAuthorizationCode,
)
from authly_server.model.opaque_token import DueToken
from authly_server.model.refresh_token import NewRefreshFamily
from authly_server.storage import (
    errors,
    grants,
    opaque_tokens,
    rows,
    second_factors,
    text_array,
)
from authly_server.storage.connections import Connection, Row
from authly_server.storage.pool import Database


_CODE: LiteralString = """
INSERT INTO authly.authorization_codes
    (digest, grant_id, redirect_uri, code_challenge, nonce, dpop_jkt, expires_at)
SELECT %(digest)s, granted.id, %(redirect_uri)s, %(code_challenge)s, %(nonce)s, %(dpop_jkt)s,
    now() + make_interval(secs => %(ttl)s)
FROM granted
"""
_GRANTED = """
WITH granted AS (
    INSERT INTO authly.grants (id, client_id, user_id, scopes, resources, session_id,
        authenticated_at, acr, id_token_claims, userinfo_claims)
    VALUES (%(grant_id)s, %(client_id)s, %(user_id)s, %(scopes)s::text[], %(resources)s::text[],
        %(session_id)s, %(authenticated_at)s, %(acr)s, %(id_token_claims)s::text[],
        %(userinfo_claims)s::text[])
    RETURNING id
), remembered AS (
    INSERT INTO authly.consents AS consent (user_id, client_id, scopes)
    SELECT %(user_id)s, %(client_id)s, %(consented)s::text[] WHERE %(remember_consent)s
    ON CONFLICT (user_id, client_id) DO UPDATE SET updated_at = now(),
        scopes = ARRAY(SELECT unnest(consent.scopes) UNION SELECT unnest(excluded.scopes))
)"""
_ISSUE = _GRANTED + _CODE

# The same where nobody has to be asked: for whoever is signed in, if they agreed to it before.
_GRANTED_IN_SESSION: LiteralString = f"""
WITH present AS (
    SELECT session.id, session.user_id, session.authenticated_at, session.acr
    FROM authly.sessions AS session JOIN authly.users AS person ON person.id = session.user_id
    LEFT JOIN authly.consents AS consent
        ON consent.user_id = session.user_id AND consent.client_id = %(client_id)s
    WHERE session.digest = %(session_digest)s AND session.expires_at > now() AND person.enabled
    AND (NOT %(consent_required)s OR consent.scopes @> %(consented)s::text[])
    AND {second_factors.SHOWN}
), granted AS (
    INSERT INTO authly.grants (id, client_id, user_id, scopes, resources, session_id,
        authenticated_at, acr, id_token_claims, userinfo_claims)
    SELECT %(grant_id)s::uuid, %(client_id)s, present.user_id, %(scopes)s::text[],
        %(resources)s::text[], present.id, present.authenticated_at, present.acr,
        %(id_token_claims)s::text[], %(userinfo_claims)s::text[]
    FROM present
    RETURNING id
)"""  # noqa: S608  # of constants
_ISSUE_IN_SESSION = _GRANTED_IN_SESSION + _CODE

# Everything is compared before the row is touched. A request that waited for another one's lock
# compares again, so exactly one of any number gets the row. Whose grant it is is asked so that no
# index can answer it: without statistics the planner would read all grants of the client for it.
_CONSUMED = """
WITH consumed AS (
    UPDATE authly.authorization_codes AS code SET used_at = now()
    FROM authly.grants
    JOIN authly.clients AS client ON client.id = grants.client_id
    JOIN authly.users AS person ON person.id = grants.user_id
    WHERE code.digest = %(digest)s AND code.grant_id = grants.id
    AND grants.client_id IS NOT DISTINCT FROM %(client_id)s
    AND code.used_at IS NULL AND code.expires_at > now()
    AND grants.revoked_at IS NULL AND client.enabled AND person.enabled
    AND (%(redirect_uri)s::text IS NULL
        OR %(redirect_uri)s::text = coalesce(code.redirect_uri, client.redirect_uris[1]))
    AND code.code_challenge IS NOT DISTINCT FROM %(code_challenge)s::text
    AND (code.dpop_jkt IS NULL OR code.dpop_jkt = %(dpop_jkt)s::text)
    RETURNING grants.id AS grant_id, grants.client_id, grants.user_id, grants.scopes,
        grants.resources, grants.session_id, grants.authenticated_at, grants.acr,
        grants.id_token_claims, code.nonce
), family AS (
    INSERT INTO authly.tokens
        (token_type, client_id, grant_id, generation, digest, dpop_jkt, expires_at)
    SELECT 'refresh', consumed.client_id, consumed.grant_id, 0, %(family_digest)s, %(family_jkt)s,
        now() + make_interval(secs => %(family_ttl)s)
    FROM consumed WHERE %(family_digest)s::bytea IS NOT NULL
)"""
_REDEEM = _CONSUMED + opaque_tokens.NOT_ISSUED
_REDEEM_AND_ISSUE = _CONSUMED + opaque_tokens.ISSUED

_EXAMINE = """
SELECT grants.id AS grant_id, grants.client_id = %(client_id)s AS is_own,
    %(redirect_uri)s::text IS NULL
        OR %(redirect_uri)s::text = coalesce(code.redirect_uri, client.redirect_uris[1])
        AS has_same_redirect_uri,
    code.code_challenge IS NOT DISTINCT FROM %(code_challenge)s::text AS is_verified,
    code.dpop_jkt IS NULL OR code.dpop_jkt = %(dpop_jkt)s::text AS has_key,
    code.used_at IS NOT NULL AS is_used,
    code.expires_at <= now() AS is_expired
FROM authly.authorization_codes AS code
JOIN authly.grants ON grants.id = code.grant_id
JOIN authly.clients AS client ON client.id = grants.client_id
WHERE code.digest = %(digest)s
"""


async def issue(database: Database, code: NewAuthorizationCode, *, remember_consent: bool) -> UUID:
    """Write grant, code and, if asked to, consent in one statement; answer the grant's id.

    Raises:
        errors.Vanished: the client or the user was deleted meanwhile; nothing was written.
        errors.AlreadyIssued: the grant's id is taken; nothing was written.
    """
    authentication = code.authentication
    parameters = _parameters(code) | {
        "user_id": code.user_id,
        "session_id": authentication.session_id if authentication else None,
        "authenticated_at": authentication.at if authentication else None,
        "acr": authentication.acr if authentication else None,
        "remember_consent": remember_consent,
    }
    await _write(database, _ISSUE, code, parameters)
    return code.grant_id


async def issue_in_session(
    database: Database, code: NewAuthorizationCode, *, session_digest: bytes, consent_required: bool
) -> bool:
    """Write grant and code for the person of that session; False where there is none to write.

    It must be live, its person enabled, and have consented to all of it if that is required.
    Raises as `issue`.
    """
    parameters = _parameters(code) | {
        "session_digest": session_digest,
        "consent_required": consent_required,
    }
    return await _write(database, _ISSUE_IN_SESSION, code, parameters, locks=code.digest) > 0


def _parameters(code: NewAuthorizationCode) -> dict[str, object]:
    return {
        "grant_id": code.grant_id,
        "digest": code.digest,
        "client_id": code.client_id,
        "scopes": text_array.literal(sorted(code.scopes)),
        "consented": text_array.literal(sorted(code.scopes | code.claim_scopes)),
        "resources": text_array.literal(code.resources),
        "id_token_claims": text_array.literal(sorted(code.id_token_claims)),
        "userinfo_claims": text_array.literal(sorted(code.userinfo_claims)),
        "nonce": code.nonce,
        "redirect_uri": code.redirect_uri,
        "code_challenge": code.code_challenge,
        "dpop_jkt": code.dpop_jkt,
        "ttl": code.ttl,
    }


async def _write(
    database: Database,
    statement: LiteralString,
    code: NewAuthorizationCode,
    parameters: dict[str, object],
    locks: bytes | None = None,
) -> int:
    try:
        return await database.execute(statement, parameters, locks=locks)
    except pg.ForeignKeyViolation as error:
        raise errors.Vanished(str(code.client_id)) from error
    except pg.UniqueViolation as error:
        raise errors.AlreadyIssued(str(code.grant_id)) from error


async def redeem(
    database: Database,
    redemption: CodeRedemption,
    family: NewRefreshFamily | None,
    due: DueToken | None = None,
) -> CodeOutcome:
    """Consume the code, start `family` and write `due`, if any, in one statement (RFC 6749, 4.1.3).

    A code that was used, in a request that is right in all else, revokes its grant (RFC 9700,
    4.5); a request that is wrong in anything changes nothing, or else anybody who saw a code
    could end a grant.
    """
    parameters: dict[str, object] = {
        "digest": redemption.digest,
        "client_id": redemption.client_id,
        "redirect_uri": redemption.redirect_uri,
        "code_challenge": redemption.code_challenge,
        "dpop_jkt": redemption.dpop_jkt,
        "family_digest": family.digest if family else None,
        "family_jkt": family.dpop_jkt if family else None,
        "family_ttl": family.ttl if family else 0,
    }
    statement = _REDEEM
    if due is not None:
        statement = _REDEEM_AND_ISSUE
        parameters |= opaque_tokens.parameters(due)
    consumed = await database.fetch_one(statement, parameters, locks=redemption.digest)
    if consumed is not None:
        return CodeRedeemed(rows.grant(consumed), consumed["nonce"])
    async with database.connection() as connection:
        return await _explain(connection, redemption)


async def _explain(connection: Connection, redemption: CodeRedemption) -> CodeOutcome:
    parameters = {
        "digest": redemption.digest,
        "client_id": redemption.client_id,
        "redirect_uri": redemption.redirect_uri,
        "code_challenge": redemption.code_challenge,
        "dpop_jkt": redemption.dpop_jkt,
    }
    row = await (await connection.execute(_EXAMINE, parameters)).fetchone()
    reason = _refusal(row)
    if row is None or reason is not None:
        return CodeRefused(reason or CodeRefusal.UNKNOWN)
    await grants.revoke_after_replay(connection, row["grant_id"], "authorization_code_replayed")
    return CodeReplayed(row["grant_id"])


def _refusal(row: Row | None) -> CodeRefusal | None:
    """Why the code is refused; None where it is valid in all but that it was used before."""
    if row is None:
        return CodeRefusal.UNKNOWN
    rules = (
        (not row["is_own"], CodeRefusal.OTHER_CLIENT),
        (not row["has_same_redirect_uri"], CodeRefusal.OTHER_REDIRECT_URI),
        (not row["is_verified"], CodeRefusal.OTHER_VERIFIER),
        (not row["has_key"], CodeRefusal.OTHER_KEY),
        (row["is_used"], None),
        (row["is_expired"], CodeRefusal.EXPIRED),
        (True, CodeRefusal.REVOKED),
    )
    return next(reason for applies, reason in rules if applies)
