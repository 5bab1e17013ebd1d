-- authly: without transaction
-- One index for each access path that no key serves. CONCURRENTLY, so that they may be built while
-- servers run; each statement stands alone and may be repeated.

CREATE INDEX CONCURRENTLY IF NOT EXISTS client_scopes_scope_idx ON authly.client_scopes (scope_id);

CREATE INDEX CONCURRENTLY IF NOT EXISTS grants_client_idx ON authly.grants (client_id);

CREATE INDEX CONCURRENTLY IF NOT EXISTS grants_user_idx ON authly.grants (user_id);

CREATE INDEX CONCURRENTLY IF NOT EXISTS grants_session_idx ON authly.grants (session_id);

CREATE INDEX CONCURRENTLY IF NOT EXISTS grants_created_at_idx ON authly.grants (created_at);

CREATE INDEX CONCURRENTLY IF NOT EXISTS authorization_codes_grant_idx
    ON authly.authorization_codes (grant_id);

CREATE INDEX CONCURRENTLY IF NOT EXISTS authorization_codes_expires_at_idx
    ON authly.authorization_codes (expires_at);

CREATE INDEX CONCURRENTLY IF NOT EXISTS pushed_requests_client_idx
    ON authly.pushed_requests (client_id);

CREATE INDEX CONCURRENTLY IF NOT EXISTS pushed_requests_expires_at_idx
    ON authly.pushed_requests (expires_at);

CREATE INDEX CONCURRENTLY IF NOT EXISTS device_authorizations_client_idx
    ON authly.device_authorizations (client_id);

CREATE INDEX CONCURRENTLY IF NOT EXISTS device_authorizations_expires_at_idx
    ON authly.device_authorizations (expires_at);

CREATE INDEX CONCURRENTLY IF NOT EXISTS attempts_expires_at_idx ON authly.attempts (expires_at);

-- Also what makes a family one row a grant.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS tokens_refresh_grant_key
    ON authly.tokens (grant_id) WHERE token_type = 'refresh';

CREATE INDEX CONCURRENTLY IF NOT EXISTS tokens_grant_idx ON authly.tokens (grant_id);

CREATE INDEX CONCURRENTLY IF NOT EXISTS tokens_client_idx ON authly.tokens (client_id);

CREATE INDEX CONCURRENTLY IF NOT EXISTS tokens_removable_on_idx ON authly.tokens (removable_on);

CREATE INDEX CONCURRENTLY IF NOT EXISTS sessions_user_idx ON authly.sessions (user_id);

CREATE INDEX CONCURRENTLY IF NOT EXISTS sessions_expires_at_idx ON authly.sessions (expires_at);

CREATE INDEX CONCURRENTLY IF NOT EXISTS logout_notices_next_attempt_at_idx
    ON authly.logout_notices (next_attempt_at);

CREATE INDEX CONCURRENTLY IF NOT EXISTS logout_notices_client_idx
    ON authly.logout_notices (client_id);

CREATE INDEX CONCURRENTLY IF NOT EXISTS consents_client_idx ON authly.consents (client_id);

CREATE INDEX CONCURRENTLY IF NOT EXISTS audit_log_occurred_at_idx
    ON authly.audit_log (occurred_at);

CREATE INDEX CONCURRENTLY IF NOT EXISTS used_jtis_expires_at_idx ON authly.used_jtis (expires_at);

-- What maintenance looks through: never the operator's clients.
CREATE INDEX CONCURRENTLY IF NOT EXISTS clients_not_the_operators_idx
    ON authly.clients (last_used_on, created_at) WHERE origin <> 'operator';

-- Few have any, and browsers ask for all of them.
CREATE INDEX CONCURRENTLY IF NOT EXISTS clients_with_origins_idx
    ON authly.clients (id) WHERE allowed_cors_origins <> '{}';
