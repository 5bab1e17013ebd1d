-- Whose database it is: two AuthlyServers that are given one would undo each other's work for ever.

CREATE TABLE authly.instance_claim (
    singleton boolean CONSTRAINT instance_claim_pkey PRIMARY KEY DEFAULT true
        CONSTRAINT instance_claim_is_one_row CHECK (singleton),
    owner text NOT NULL CONSTRAINT instance_claim_owner_length CHECK (length(owner) BETWEEN 1 AND 512),
    uid text NOT NULL CONSTRAINT instance_claim_uid_length CHECK (length(uid) BETWEEN 1 AND 128),
    claimed_at timestamptz NOT NULL DEFAULT now()
);

CREATE OR REPLACE FUNCTION authly_api.observe_instance() RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = authly, pg_temp AS $$
    SELECT jsonb_build_object(
        'schema_revision', (SELECT max(revision) FROM schema_migrations),
        'claim', (SELECT jsonb_build_object('owner', owner, 'uid', uid) FROM instance_claim),
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
