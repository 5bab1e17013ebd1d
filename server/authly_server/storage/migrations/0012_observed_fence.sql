-- What an AuthlyServer's status says of the time that restores took back, as RFC 3339.

CREATE OR REPLACE FUNCTION authly_api.observe_instance() RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = authly, pg_temp AS $$
    SELECT jsonb_build_object(
        'schema_revision', (SELECT max(revision) FROM schema_migrations),
        'claim', (SELECT jsonb_build_object('owner', owner, 'uid', uid) FROM instance_claim),
        'tokens_not_before', (SELECT to_char(to_timestamp(max(refused_until)) AT TIME ZONE 'UTC',
            'YYYY-MM-DD"T"HH24:MI:SS"Z"') FROM token_fences),
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
