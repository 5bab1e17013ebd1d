"""What a restore carries over from the database that is replaced, as a table.

A backup remembers tokens, clients and secrets as they were, and not that they were revoked,
deleted or rotated since; and one of another server remembers whose all of it was there.
"""

from dataclasses import dataclass
from typing import Final, LiteralString


@dataclass(frozen=True, slots=True)
class Carried:
    """Something that is read of the replaced database, and what becomes of it in the restored one.

    `columns` are those of the temporary table that `into` finds as `present`. Where the replaced
    database has not got the table `newer` yet, there is nothing to carry over.
    """

    read: LiteralString
    columns: LiteralString
    into: tuple[LiteralString, ...]
    newer: LiteralString | None = None


CARRIED: Final = (
    # Access tokens that were revoked.
    Carried(
        "SELECT jti, client_id, grant_id, invalidated_at, expires_at FROM authly.tokens"
        " WHERE token_type = 'access' AND expires_at > now()",
        "jti text, client_id uuid, grant_id uuid, invalidated_at timestamptz,"
        " expires_at timestamptz",
        (
            "INSERT INTO authly.tokens (token_type, jti, client_id, grant_id, invalidated_at,"
            " expires_at) SELECT 'access', jti, client.id, made.id, invalidated_at, expires_at"
            " FROM present JOIN authly.clients AS client ON client.id = present.client_id"
            " LEFT JOIN authly.grants AS made ON made.id = present.grant_id"
            " ON CONFLICT (jti) DO NOTHING",
        ),
    ),
    # Opaque access tokens that were revoked; those that were issued since the backup are not known.
    Carried(
        "SELECT digest FROM authly.opaque_tokens WHERE expires_at > now()",
        "digest bytea",
        (
            "DELETE FROM authly.opaque_tokens AS token"
            " WHERE NOT EXISTS (SELECT FROM present WHERE present.digest = token.digest)",
        ),
        newer="authly.opaque_tokens",
    ),
    # Grants that were revoked, or that went with a client or a user.
    Carried(
        "SELECT id, revoked_at FROM authly.grants",
        "id uuid, revoked_at timestamptz",
        (
            "UPDATE authly.grants AS made SET revoked_at = now() WHERE made.revoked_at IS NULL"
            " AND NOT EXISTS (SELECT FROM present WHERE present.id = made.id"
            " AND present.revoked_at IS NULL)",
        ),
    ),
    # Refresh tokens that were used up: families are as far as they had come.
    Carried(
        "SELECT grant_id, generation, digest, previous_digest, dpop_jkt, rotated_at, expires_at"
        " FROM authly.tokens WHERE token_type = 'refresh'",
        "grant_id uuid, generation integer, digest bytea, previous_digest bytea,"
        " dpop_jkt text, rotated_at timestamptz, expires_at timestamptz",
        (
            "UPDATE authly.tokens AS family SET generation = present.generation,"
            " digest = present.digest, previous_digest = present.previous_digest,"
            " dpop_jkt = present.dpop_jkt, rotated_at = present.rotated_at,"
            " expires_at = present.expires_at FROM present"
            " WHERE family.token_type = 'refresh' AND family.grant_id = present.grant_id"
            # Of millions most have not moved since: those are not written anew.
            " AND (family.generation, family.digest, family.previous_digest, family.dpop_jkt,"
            " family.rotated_at, family.expires_at) IS DISTINCT FROM"
            " (present.generation, present.digest, present.previous_digest, present.dpop_jkt,"
            " present.rotated_at, present.expires_at)",
        ),
    ),
    # Sessions that were ended.
    Carried(
        "SELECT id FROM authly.sessions",
        "id uuid",
        (
            "DELETE FROM authly.sessions AS session"
            " WHERE NOT EXISTS (SELECT FROM present WHERE present.id = session.id)",
        ),
    ),
    # Second factors of people who were there: codes that were used stay so, and whoever has
    # switched one on or off since has it so.
    Carried(
        "SELECT person.id, factor.sealed_key, factor.last_step, factor.recovery_digests,"
        " factor.enrolled_at FROM authly.users AS person"
        " LEFT JOIN authly.second_factors AS factor ON factor.user_id = person.id"
        " WHERE factor.user_id IS NOT NULL OR person.id IN"
        " (SELECT user_id FROM authly.audit_log WHERE event = 'second_factor_removed')",
        "user_id uuid, sealed_key bytea, last_step bigint, recovery_digests bytea[],"
        " enrolled_at timestamptz",
        (
            "DELETE FROM authly.second_factors AS factor USING present"
            " WHERE factor.user_id = present.user_id",
            "INSERT INTO authly.second_factors (user_id, sealed_key, last_step, recovery_digests,"
            " enrolled_at) SELECT present.user_id, present.sealed_key, present.last_step,"
            " present.recovery_digests, present.enrolled_at FROM present"
            " JOIN authly.users AS person ON person.id = present.user_id"
            " WHERE present.sealed_key IS NOT NULL",
        ),
        newer="authly.second_factors",
    ),
    # Clients that were deleted or disabled; whose they are, also after another server's backup.
    Carried(
        "SELECT client_id, enabled, origin, owner, deletion_policy, owner_gone_at"
        " FROM authly.clients",
        "client_id text, enabled boolean, origin text, owner text,"
        " deletion_policy text, owner_gone_at timestamptz",
        (
            "UPDATE authly.clients AS client SET owner = present.owner,"
            " deletion_policy = present.deletion_policy, owner_gone_at = present.owner_gone_at"
            " FROM present WHERE (client.client_id, client.origin, present.origin)"
            " = (present.client_id, 'operator', 'operator')"
            " AND client.owner IS DISTINCT FROM present.owner",
            "UPDATE authly.clients AS client SET enabled = false, updated_at = now()"
            " WHERE client.enabled AND NOT EXISTS (SELECT FROM present"
            " WHERE present.client_id = client.client_id AND present.enabled)",
        ),
    ),
    # People who were disabled or demoted; whom an administrator has deleted comes back disabled.
    # Where no administrator would be left, administrators come back as they were.
    Carried(
        "SELECT id, enabled, is_admin FROM authly.users UNION ALL"
        " SELECT DISTINCT user_id, false, false FROM authly.audit_log"
        " WHERE event = 'user_deleted' AND user_id IS NOT NULL",
        "id uuid, enabled boolean, is_admin boolean",
        (
            "UPDATE authly.users AS person SET enabled = person.enabled AND present.enabled,"
            " is_admin = person.is_admin AND present.is_admin, updated_at = now()"
            " FROM present WHERE person.id = present.id AND (person.enabled > present.enabled"
            " OR person.is_admin > present.is_admin)"
            " AND (NOT (person.is_admin AND person.enabled) OR EXISTS (SELECT FROM authly.users"
            " AS other LEFT JOIN present AS since ON since.id = other.id"
            " WHERE other.is_admin AND other.enabled"
            " AND coalesce(since.enabled AND since.is_admin, true)))",
        ),
    ),
    # What people agreed to and have withdrawn; what they agreed to again since is not known.
    Carried(
        "SELECT user_id, client_id, max(occurred_at) AS withdrawn_at FROM authly.audit_log"
        " WHERE event = 'access_withdrawn' AND user_id IS NOT NULL GROUP BY user_id, client_id",
        "user_id uuid, client_id text, withdrawn_at timestamptz",
        (
            "DELETE FROM authly.consents AS consent USING present, authly.clients AS client"
            " WHERE consent.user_id = present.user_id AND consent.client_id = client.id"
            " AND client.client_id = present.client_id"
            " AND consent.created_at < present.withdrawn_at",
            # So that the next restore knows as well.
            "INSERT INTO authly.audit_log (occurred_at, event, user_id, client_id)"
            " SELECT withdrawn_at, 'access_withdrawn', user_id, client_id FROM present"
            " WHERE NOT EXISTS (SELECT FROM authly.audit_log AS told"
            " WHERE (told.event, told.user_id, told.client_id)"
            " = ('access_withdrawn', present.user_id, present.client_id)"
            " AND told.occurred_at >= present.withdrawn_at)",
        ),
    ),
    # Scopes that have come to another owner.
    Carried(
        "SELECT name, owner, deletion_policy, owner_gone_at FROM authly.scopes"
        " WHERE owner IS NOT NULL",
        "name text, owner text, deletion_policy text, owner_gone_at timestamptz",
        (
            "UPDATE authly.scopes AS scope SET owner = present.owner,"
            " deletion_policy = present.deletion_policy, owner_gone_at = present.owner_gone_at"
            " FROM present WHERE scope.name = present.name"
            " AND scope.owner IS DISTINCT FROM present.owner",
        ),
    ),
    # Secrets that were rotated.
    Carried(
        "SELECT client.client_id, secret.digest, secret.position, secret.created_at"
        " FROM authly.client_secrets AS secret"
        " JOIN authly.clients AS client ON client.id = secret.client_id",
        "client_id text, digest bytea, position smallint, created_at timestamptz",
        (
            "DELETE FROM authly.client_secrets AS secret USING authly.clients AS client, present"
            " WHERE secret.client_id = client.id AND client.client_id = present.client_id",
            "INSERT INTO authly.client_secrets (client_id, digest, position, created_at)"
            " SELECT client.id, present.digest, present.position, present.created_at"
            " FROM present JOIN authly.clients AS client ON client.client_id = present.client_id",
        ),
    ),
    # Assertions and proofs that were used.
    Carried(
        "SELECT digest, expires_at FROM authly.used_jtis WHERE expires_at > now()",
        "digest bytea, expires_at timestamptz",
        (
            "INSERT INTO authly.used_jtis (digest, expires_at) SELECT digest, expires_at"
            " FROM present ON CONFLICT (digest) DO NOTHING",
        ),
    ),
    # Times that an earlier restore took back.
    Carried(
        "SELECT refused_from, refused_until FROM authly.token_fences",
        "refused_from bigint, refused_until bigint",
        (
            "INSERT INTO authly.token_fences SELECT refused_from, refused_until FROM present"
            " ON CONFLICT (refused_until) DO NOTHING",
        ),
    ),
    # Whose database it is: a backup of another server's may have been restored.
    Carried(
        "SELECT owner, uid FROM authly.instance_claim",
        "owner text, uid text",
        (
            "DELETE FROM authly.instance_claim",
            "INSERT INTO authly.instance_claim (owner, uid) SELECT owner, uid FROM present",
        ),
        newer="authly.instance_claim",
    ),
    # The epoch of the operator that leads here; another server's may have come further.
    Carried(
        "SELECT epoch FROM authly.operator_epoch",
        "epoch bigint",
        ("UPDATE authly.operator_epoch AS stored SET epoch = present.epoch FROM present",),
    ),
)
