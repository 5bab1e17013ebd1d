-- How far replicas are behind, for the status of an AuthlyServer. Only those that the operator makes:
-- theirs is a role of their own. Its owner sees them where it is a superuser, as of a managed database.

CREATE OR REPLACE FUNCTION authly_api.observe_instance() RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = authly, pg_temp AS $$
    SELECT jsonb_build_object(
        'schema_revision', (SELECT max(revision) FROM schema_migrations),
        'server_version', current_setting('server_version'),
        'clients', (SELECT count(*) FROM clients),
        'scopes', (SELECT count(*) FROM scopes),
        'replicas', (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                'name', application_name,
                'streaming', state = 'streaming',
                'lag_bytes', greatest(pg_current_wal_lsn() - replay_lsn, 0),
                'lag_seconds', extract(epoch FROM replay_lag)
            ) ORDER BY application_name), '[]')
            FROM pg_stat_replication WHERE usename = 'authly_replication'
        )
    );
$$;
