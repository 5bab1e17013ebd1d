-- Rows whose resource went while nobody could be told: the server was away, or its database.
-- Whoever is gone is refused at once; what cannot be made again is deleted an hour later, so that
-- a cluster which is being rebuilt has the time to bring its resources back.

-- Every row that somebody owns and whose end is wished when the owner ends.
CREATE FUNCTION authly_api.list_owned() RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = authly, pg_temp AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object('kind', kind, 'name', name, 'owner', owner)
        ORDER BY kind, name), '[]')
    FROM (
        SELECT 'client' AS kind, client_id AS name, owner FROM clients
        WHERE owner IS NOT NULL AND origin = 'operator' AND CASE deletion_policy
            WHEN 'orphan' THEN owner_gone_at IS NULL
            ELSE enabled OR (deletion_policy = 'delete'
                AND coalesce(owner_gone_at < now() - interval '1 hour', true)) END
        UNION ALL
        SELECT 'scope', name, owner FROM scopes WHERE owner IS NOT NULL AND deletion_policy <> 'orphan'
    ) AS owned;
$$;

CREATE FUNCTION authly_api.sweep_client(client_id text, owner text, epoch bigint) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = authly, pg_temp AS $$
#variable_conflict use_column
DECLARE
    found clients;
BEGIN
    PERFORM check_epoch(sweep_client.epoch);
    PERFORM lock_name('client', sweep_client.client_id);
    SELECT * INTO found FROM clients AS client WHERE client.client_id = sweep_client.client_id;
    IF found.id IS NULL THEN
        RETURN outcome('Absent');
    END IF;
    IF found.owner IS DISTINCT FROM sweep_client.owner THEN
        RETURN outcome('Conflict', to_jsonb(coalesce(found.owner, '')));
    END IF;
    IF found.deletion_policy = 'orphan' AND found.owner_gone_at IS NOT NULL THEN
        RETURN outcome('Unchanged');
    END IF;
    IF found.deletion_policy = 'orphan' THEN
        UPDATE clients AS client SET owner_gone_at = now() WHERE client.id = found.id;
        RETURN outcome('Released');
    END IF;
    IF found.deletion_policy = 'delete' AND found.owner_gone_at < now() - interval '1 hour' THEN
        RETURN authly_api.delete_client(sweep_client.client_id, sweep_client.owner, sweep_client.epoch);
    END IF;
    IF NOT found.enabled AND found.owner_gone_at IS NOT NULL THEN
        RETURN outcome('Unchanged');
    END IF;
    UPDATE clients AS client SET enabled = false, updated_at = now(),
        owner_gone_at = coalesce(client.owner_gone_at, now())
    WHERE client.id = found.id;
    PERFORM audit('client_abandoned', found.client_id,
        jsonb_build_object('owner', found.owner, 'epoch', sweep_client.epoch));
    PERFORM announce('client', found.client_id);
    RETURN outcome('Disabled');
END $$;

-- A scope gives nobody access by itself: it waits for its hour, and for its clients.
CREATE FUNCTION authly_api.sweep_scope(name text, owner text, epoch bigint) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = authly, pg_temp AS $$
#variable_conflict use_column
DECLARE
    gone_at timestamptz;
BEGIN
    PERFORM check_epoch(sweep_scope.epoch);
    UPDATE scopes AS scope SET owner_gone_at = coalesce(scope.owner_gone_at, now())
    WHERE scope.name = sweep_scope.name AND scope.owner = sweep_scope.owner
        AND scope.deletion_policy <> 'orphan'
    RETURNING scope.owner_gone_at INTO gone_at;
    IF gone_at IS NULL OR gone_at > now() - interval '1 hour' THEN
        RETURN outcome('Unchanged');
    END IF;
    RETURN authly_api.delete_scope(sweep_scope.name, sweep_scope.owner, sweep_scope.epoch);
END $$;
