-- authly: without transaction
-- What administrators ask the log for: about whom, which client, which event; the youngest first.

CREATE INDEX CONCURRENTLY IF NOT EXISTS audit_log_user_idx
    ON authly.audit_log (user_id, id) WHERE user_id IS NOT NULL;

CREATE INDEX CONCURRENTLY IF NOT EXISTS audit_log_client_idx
    ON authly.audit_log (client_id, id) WHERE client_id IS NOT NULL;

CREATE INDEX CONCURRENTLY IF NOT EXISTS audit_log_event_idx ON authly.audit_log (event, id);
