-- What the operator may do, and all that it may do: jsonb in, jsonb out, no table in sight.
-- SECURITY DEFINER with a pinned search_path. Arguments are named in the caller's words, so inside
-- they are always qualified by the function's name; a bare name is a column.

CREATE SCHEMA authly_api;

-- The epoch is checked under an advisory lock that writers share and a new leader takes alone:
-- whoever saw the old epoch has committed before the new one is recorded.
CREATE FUNCTION authly.check_epoch(seen bigint) RETURNS void
LANGUAGE plpgsql SET search_path = authly, pg_temp AS $$
DECLARE
    last bigint;
BEGIN
    IF seen IS NULL OR seen < 0 THEN
        RAISE EXCEPTION 'the lease epoch must be a number that is not negative' USING ERRCODE = '22023';
    END IF;
    SELECT epoch INTO last FROM operator_epoch;
    IF last < seen THEN
        PERFORM pg_advisory_xact_lock(1096111176, 2);
        UPDATE operator_epoch SET epoch = seen WHERE epoch < seen;
    ELSE
        PERFORM pg_advisory_xact_lock_shared(1096111176, 2);
    END IF;
    SELECT epoch INTO last FROM operator_epoch;
    IF last > seen THEN
        RAISE EXCEPTION 'lease epoch % is over: % was seen', seen, last USING ERRCODE = 'AU001';
    END IF;
END $$;

-- Two writes to one name never interleave, even where the row does not exist yet.
CREATE FUNCTION authly.lock_name(kind text, name text) RETURNS void
LANGUAGE sql SET search_path = authly, pg_temp AS $$
    SELECT pg_advisory_xact_lock(hashtextextended(kind || ':' || name, 1096111176));
$$;

CREATE FUNCTION authly.audit(event text, client_id text, detail jsonb) RETURNS void
LANGUAGE sql SET search_path = authly, pg_temp AS $$
    INSERT INTO audit_log (event, client_id, detail) VALUES ($1, $2, $3);
$$;

CREATE FUNCTION authly.announce(kind text, name text) RETURNS void
LANGUAGE sql SET search_path = authly, pg_temp AS $$
    SELECT pg_notify('authly_changed', kind || ':' || name);
$$;

CREATE FUNCTION authly.outcome(outcome text, detail jsonb DEFAULT NULL) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = authly, pg_temp AS $$
    SELECT jsonb_build_object('outcome', $1, 'detail', $2);
$$;

-- A JSON array of strings, without repetitions, in its own order; NULL where it is anything else.
CREATE FUNCTION authly.string_list(value jsonb) RETURNS text[]
LANGUAGE sql IMMUTABLE SET search_path = authly, pg_temp AS $$
    SELECT CASE
        WHEN value IS NULL OR value = 'null' THEN '{}'::text[]
        WHEN jsonb_typeof(value) <> 'array'
            OR jsonb_path_exists(value, '$[*] ? (@.type() != "string" || @ == "")') THEN NULL
        ELSE (
            SELECT coalesce(array_agg(item ORDER BY first), '{}')
            FROM (
                SELECT item, min(at) AS first
                FROM jsonb_array_elements_text(value) WITH ORDINALITY AS element (item, at)
                GROUP BY item
            ) AS distinct_items
        )
    END;
$$;

CREATE FUNCTION authly.sorted(items text[]) RETURNS text[]
LANGUAGE sql IMMUTABLE SET search_path = authly, pg_temp AS $$
    SELECT coalesce(array_agg(item ORDER BY item COLLATE "C"), '{}') FROM unnest(items) AS list (item);
$$;

CREATE FUNCTION authly.is_string(value jsonb, longest integer) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = authly, pg_temp AS $$
    SELECT coalesce(jsonb_typeof(value) = 'string' AND length(value #>> '{}') BETWEEN 1 AND longest, false);
$$;

CREATE FUNCTION authly.is_lifetime(value jsonb, longest integer) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = authly, pg_temp AS $$
    SELECT CASE coalesce(jsonb_typeof(value), 'null')
        WHEN 'null' THEN true
        WHEN 'number' THEN value::numeric = trunc(value::numeric) AND value::numeric BETWEEN 1 AND longest
        ELSE false
    END;
$$;

-- The first rule that a client's spec breaks, or NULL.
CREATE FUNCTION authly.fault_of_client(spec jsonb) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = authly, pg_temp AS $$
    SELECT CASE
        WHEN coalesce(jsonb_typeof(spec), 'null') <> 'object' THEN 'the spec must be an object'
        WHEN NOT is_string(spec -> 'client_id', 255) THEN 'client_id must be a string of 1 to 255 characters'
        WHEN NOT is_string(spec -> 'owner', 512) THEN 'owner must be a string of 1 to 512 characters'
        WHEN NOT is_string(coalesce(nullif(spec -> 'display_name', 'null'), '"-"'), 255)
            THEN 'display_name must be a string of 1 to 255 characters'
        WHEN coalesce(spec ->> 'type', '') NOT IN ('confidential', 'public')
            THEN 'type must be confidential or public'
        WHEN coalesce(spec ->> 'auth_method', '') NOT IN ('client_secret_basic', 'client_secret_post', 'none')
            THEN 'auth_method must be client_secret_basic, client_secret_post or none'
        WHEN (spec ->> 'type' = 'public') <> (spec ->> 'auth_method' = 'none')
            THEN 'auth_method must be none for a public client and for no other'
        WHEN string_list(spec -> 'secret_sha256') IS NULL OR cardinality(string_list(spec -> 'secret_sha256')) > 2
            OR EXISTS (SELECT FROM unnest(string_list(spec -> 'secret_sha256')) AS digest
                WHERE digest !~ '^[0-9a-f]{64}$')
            THEN 'secret_sha256 must be a list of at most two SHA-256 digests in lowercase hexadecimal'
        WHEN spec ->> 'type' = 'public' AND cardinality(string_list(spec -> 'secret_sha256')) > 0
            THEN 'a public client has no secret'
        WHEN coalesce(cardinality(string_list(spec -> 'grant_types')), 0) = 0
            THEN 'grant_types must be a list of at least one name'
        WHEN string_list(spec -> 'redirect_uris') IS NULL THEN 'redirect_uris must be a list of strings'
        WHEN 'authorization_code' = ANY (string_list(spec -> 'grant_types'))
            AND cardinality(string_list(spec -> 'redirect_uris')) = 0
            THEN 'the grant type authorization_code needs a redirect URI'
        WHEN spec ->> 'type' = 'public' AND 'client_credentials' = ANY (string_list(spec -> 'grant_types'))
            THEN 'the grant type client_credentials needs a confidential client'
        WHEN string_list(spec -> 'scopes') IS NULL THEN 'scopes must be a list of names'
        WHEN string_list(spec -> 'audiences') IS NULL THEN 'audiences must be a list of strings'
        WHEN coalesce(jsonb_typeof(nullif(spec -> 'require_pkce', 'null')), 'boolean') <> 'boolean'
            THEN 'require_pkce must be true or false'
        WHEN spec ->> 'type' = 'public' AND spec -> 'require_pkce' = 'false'
            THEN 'require_pkce must be true for a public client'
        WHEN coalesce(jsonb_typeof(nullif(spec -> 'enabled', 'null')), 'boolean') <> 'boolean'
            THEN 'enabled must be true or false'
        WHEN NOT is_lifetime(spec -> 'access_token_ttl', 2592000)
            THEN 'access_token_ttl must be whole seconds from 1 to 2592000'
        WHEN NOT is_lifetime(spec -> 'refresh_token_ttl', 315360000)
            THEN 'refresh_token_ttl must be whole seconds from 1 to 315360000'
        WHEN NOT is_string(coalesce(nullif(spec -> 'client_uri', 'null'), '"-"'), 2048)
            THEN 'client_uri must be a string of 1 to 2048 characters'
        WHEN NOT is_string(coalesce(nullif(spec -> 'logo_uri', 'null'), '"-"'), 2048)
            THEN 'logo_uri must be a string of 1 to 2048 characters'
    END;
$$;

-- A valid spec in the one form that observe_client answers, defaults filled in.
CREATE FUNCTION authly.canonical_client(spec jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = authly, pg_temp AS $$
    SELECT jsonb_build_object(
        'client_id', spec -> 'client_id',
        'owner', spec -> 'owner',
        'display_name', coalesce(spec ->> 'display_name', spec ->> 'client_id'),
        'type', spec -> 'type',
        'auth_method', spec -> 'auth_method',
        'secret_sha256', to_jsonb(string_list(spec -> 'secret_sha256')),
        'grant_types', to_jsonb(sorted(string_list(spec -> 'grant_types'))),
        'redirect_uris', to_jsonb(string_list(spec -> 'redirect_uris')),
        'scopes', to_jsonb(sorted(string_list(spec -> 'scopes'))),
        'audiences', to_jsonb(string_list(spec -> 'audiences')),
        'require_pkce', coalesce(spec ->> 'require_pkce', 'true')::boolean,
        'access_token_ttl', (spec ->> 'access_token_ttl')::numeric::integer,
        'refresh_token_ttl', (spec ->> 'refresh_token_ttl')::numeric::integer,
        'enabled', coalesce(spec ->> 'enabled', 'true')::boolean,
        'client_uri', spec ->> 'client_uri',
        'logo_uri', spec ->> 'logo_uri'
    );
$$;

CREATE FUNCTION authly_api.observe_client(client_id text) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = authly, pg_temp AS $$
    SELECT jsonb_build_object(
        'client_id', client.client_id,
        'owner', client.owner,
        'display_name', client.display_name,
        'type', client.type,
        'auth_method', client.auth_method,
        'secret_sha256', (
            SELECT coalesce(jsonb_agg(encode(secret.digest, 'hex') ORDER BY secret.position), '[]')
            FROM client_secrets AS secret WHERE secret.client_id = client.id),
        'grant_types', to_jsonb(client.grant_types),
        'redirect_uris', to_jsonb(client.redirect_uris),
        'scopes', (
            SELECT coalesce(jsonb_agg(scope.name ORDER BY scope.name COLLATE "C"), '[]')
            FROM client_scopes JOIN scopes AS scope ON scope.id = client_scopes.scope_id
            WHERE client_scopes.client_id = client.id),
        'audiences', to_jsonb(client.audiences),
        'require_pkce', client.require_pkce,
        'access_token_ttl', client.access_token_ttl,
        'refresh_token_ttl', client.refresh_token_ttl,
        'enabled', client.enabled,
        'client_uri', client.client_uri,
        'logo_uri', client.logo_uri
    )
    FROM clients AS client WHERE client.client_id = observe_client.client_id;
$$;

-- Writes the row and what hangs on it; the caller has locked the name and judged the spec.
CREATE FUNCTION authly.write_client(wanted jsonb) RETURNS void
LANGUAGE plpgsql SET search_path = authly, pg_temp AS $$
DECLARE
    written uuid;
BEGIN
    INSERT INTO clients AS client (client_id, owner, display_name, type, auth_method, grant_types,
        redirect_uris, audiences, require_pkce, access_token_ttl, refresh_token_ttl, enabled,
        client_uri, logo_uri)
    VALUES (wanted ->> 'client_id', wanted ->> 'owner', wanted ->> 'display_name', wanted ->> 'type',
        wanted ->> 'auth_method', string_list(wanted -> 'grant_types'),
        string_list(wanted -> 'redirect_uris'), string_list(wanted -> 'audiences'),
        (wanted ->> 'require_pkce')::boolean, (wanted ->> 'access_token_ttl')::integer,
        (wanted ->> 'refresh_token_ttl')::integer, (wanted ->> 'enabled')::boolean,
        wanted ->> 'client_uri', wanted ->> 'logo_uri')
    ON CONFLICT (client_id) DO UPDATE SET
        display_name = excluded.display_name, type = excluded.type,
        auth_method = excluded.auth_method, grant_types = excluded.grant_types,
        redirect_uris = excluded.redirect_uris, audiences = excluded.audiences,
        require_pkce = excluded.require_pkce, access_token_ttl = excluded.access_token_ttl,
        refresh_token_ttl = excluded.refresh_token_ttl, enabled = excluded.enabled,
        client_uri = excluded.client_uri, logo_uri = excluded.logo_uri, updated_at = now()
    RETURNING client.id INTO written;

    DELETE FROM client_secrets AS secret WHERE secret.client_id = written;
    INSERT INTO client_secrets (client_id, digest, position)
    SELECT written, decode(digest, 'hex'), at
    FROM unnest(string_list(wanted -> 'secret_sha256')) WITH ORDINALITY AS secret (digest, at);

    DELETE FROM client_scopes AS held WHERE held.client_id = written;
    INSERT INTO client_scopes (client_id, scope_id)
    SELECT written, scope.id FROM scopes AS scope WHERE scope.name = ANY (string_list(wanted -> 'scopes'));
END $$;

CREATE FUNCTION authly_api.apply_client(spec jsonb, epoch bigint) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = authly, pg_temp AS $$
#variable_conflict use_column
DECLARE
    fault text := fault_of_client(apply_client.spec);
    wanted jsonb;
    stored jsonb;
    known text[];
    unknown text[];
BEGIN
    PERFORM check_epoch(apply_client.epoch);
    IF fault IS NOT NULL THEN
        RETURN outcome('Invalid', to_jsonb(fault));
    END IF;
    wanted := canonical_client(apply_client.spec);
    PERFORM lock_name('client', wanted ->> 'client_id');
    stored := authly_api.observe_client(wanted ->> 'client_id');
    IF stored IS NOT NULL AND stored -> 'owner' <> wanted -> 'owner' THEN
        RETURN outcome('Conflict', to_jsonb(coalesce(stored ->> 'owner', '')));
    END IF;
    IF stored = wanted THEN
        RETURN outcome('Unchanged');
    END IF;
    -- Held until the commit, so that no scope is deleted between here and the reference to it.
    SELECT array_agg(name) INTO known FROM (
        SELECT scope.name FROM scopes AS scope
        WHERE scope.name = ANY (string_list(wanted -> 'scopes')) ORDER BY scope.name FOR KEY SHARE
    ) AS held;
    SELECT array_agg(item ORDER BY item COLLATE "C") INTO unknown
    FROM unnest(string_list(wanted -> 'scopes')) AS list (item) WHERE item <> ALL (coalesce(known, '{}'));
    IF unknown IS NOT NULL THEN
        RETURN outcome('UnknownScopes', to_jsonb(unknown));
    END IF;
    PERFORM write_client(wanted);
    PERFORM audit(CASE WHEN stored IS NULL THEN 'client_created' ELSE 'client_updated' END,
        wanted ->> 'client_id', jsonb_build_object('owner', wanted -> 'owner', 'epoch', apply_client.epoch));
    PERFORM announce('client', wanted ->> 'client_id');
    RETURN outcome(CASE WHEN stored IS NULL THEN 'Created' ELSE 'Updated' END);
END $$;

CREATE FUNCTION authly_api.delete_client(client_id text, owner text, epoch bigint) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = authly, pg_temp AS $$
#variable_conflict use_column
DECLARE
    found clients;
BEGIN
    PERFORM check_epoch(delete_client.epoch);
    PERFORM lock_name('client', delete_client.client_id);
    SELECT * INTO found FROM clients AS client WHERE client.client_id = delete_client.client_id;
    IF found.id IS NULL THEN
        RETURN outcome('Absent');
    END IF;
    IF found.owner IS DISTINCT FROM delete_client.owner THEN
        RETURN outcome('Conflict', to_jsonb(coalesce(found.owner, '')));
    END IF;
    DELETE FROM clients AS client WHERE client.id = found.id;
    PERFORM audit('client_deleted', found.client_id,
        jsonb_build_object('owner', found.owner, 'epoch', delete_client.epoch));
    PERFORM announce('client', found.client_id);
    RETURN outcome('Deleted');
END $$;

CREATE FUNCTION authly_api.observe_scope(name text) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = authly, pg_temp AS $$
    SELECT jsonb_build_object(
        'name', scope.name,
        'owner', scope.owner,
        'description', scope.description,
        'is_default', scope.is_default,
        'in_use_by', (SELECT count(*) FROM client_scopes AS held WHERE held.scope_id = scope.id)
    )
    FROM scopes AS scope WHERE scope.name = observe_scope.name;
$$;

CREATE FUNCTION authly.fault_of_scope(spec jsonb) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = authly, pg_temp AS $$
    SELECT CASE
        WHEN coalesce(jsonb_typeof(spec), 'null') <> 'object' THEN 'the spec must be an object'
        WHEN NOT is_string(spec -> 'name', 255) OR spec ->> 'name' !~ '^[!#-\[\]-~]+$'
            THEN 'name must be a scope token of 1 to 255 characters (RFC 6749, section 3.3)'
        WHEN NOT is_string(spec -> 'owner', 512) THEN 'owner must be a string of 1 to 512 characters'
        WHEN coalesce(jsonb_typeof(nullif(spec -> 'description', 'null')), 'string') <> 'string'
            OR length(spec ->> 'description') > 1024
            THEN 'description must be a string of at most 1024 characters'
        WHEN coalesce(jsonb_typeof(nullif(spec -> 'is_default', 'null')), 'boolean') <> 'boolean'
            THEN 'is_default must be true or false'
    END;
$$;

CREATE FUNCTION authly_api.apply_scope(spec jsonb, epoch bigint) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = authly, pg_temp AS $$
#variable_conflict use_column
DECLARE
    fault text := fault_of_scope(apply_scope.spec);
    wanted_description text := coalesce(apply_scope.spec ->> 'description', '');
    wanted_default boolean := coalesce((apply_scope.spec ->> 'is_default')::boolean, false);
    found scopes;
BEGIN
    PERFORM check_epoch(apply_scope.epoch);
    IF fault IS NOT NULL THEN
        RETURN outcome('Invalid', to_jsonb(fault));
    END IF;
    PERFORM lock_name('scope', apply_scope.spec ->> 'name');
    SELECT * INTO found FROM scopes AS scope WHERE scope.name = apply_scope.spec ->> 'name';
    -- A seeded scope belongs to nobody and may be adopted; any other row without an owner may not.
    IF found.id IS NOT NULL AND found.owner IS DISTINCT FROM apply_scope.spec ->> 'owner'
        AND NOT (found.owner IS NULL AND found.is_seeded) THEN
        RETURN outcome('Conflict', to_jsonb(coalesce(found.owner, '')));
    END IF;
    IF found.owner = apply_scope.spec ->> 'owner' AND found.description = wanted_description
        AND found.is_default = wanted_default THEN
        RETURN outcome('Unchanged');
    END IF;
    INSERT INTO scopes (name, owner, description, is_default)
    VALUES (apply_scope.spec ->> 'name', apply_scope.spec ->> 'owner', wanted_description, wanted_default)
    ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, description = excluded.description,
        is_default = excluded.is_default, updated_at = now();
    PERFORM audit(CASE WHEN found.id IS NULL THEN 'scope_created' ELSE 'scope_updated' END, NULL,
        jsonb_build_object('scope', apply_scope.spec -> 'name', 'owner', apply_scope.spec -> 'owner',
            'epoch', apply_scope.epoch));
    PERFORM announce('scope', apply_scope.spec ->> 'name');
    RETURN outcome(CASE WHEN found.id IS NULL THEN 'Created' ELSE 'Updated' END);
END $$;

CREATE FUNCTION authly_api.delete_scope(name text, owner text, epoch bigint) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = authly, pg_temp AS $$
#variable_conflict use_column
DECLARE
    found scopes;
BEGIN
    PERFORM check_epoch(delete_scope.epoch);
    PERFORM lock_name('scope', delete_scope.name);
    SELECT * INTO found FROM scopes AS scope WHERE scope.name = delete_scope.name FOR UPDATE;
    IF found.id IS NULL OR (found.is_seeded AND found.owner IS NULL) THEN
        RETURN outcome('Absent');
    END IF;
    IF found.owner IS DISTINCT FROM delete_scope.owner THEN
        RETURN outcome('Conflict', to_jsonb(coalesce(found.owner, '')));
    END IF;
    IF found.is_seeded THEN
        UPDATE scopes AS scope SET owner = NULL, updated_at = now() WHERE scope.id = found.id;
    ELSIF EXISTS (SELECT FROM client_scopes AS held WHERE held.scope_id = found.id) THEN
        RETURN outcome('InUse');
    ELSE
        DELETE FROM scopes AS scope WHERE scope.id = found.id;
    END IF;
    PERFORM audit(CASE WHEN found.is_seeded THEN 'scope_released' ELSE 'scope_deleted' END, NULL,
        jsonb_build_object('scope', found.name, 'owner', found.owner, 'epoch', delete_scope.epoch));
    PERFORM announce('scope', found.name);
    RETURN outcome(CASE WHEN found.is_seeded THEN 'Released' ELSE 'Deleted' END);
END $$;

CREATE FUNCTION authly_api.observe_instance() RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = authly, pg_temp AS $$
    SELECT jsonb_build_object(
        'schema_revision', (SELECT max(revision) FROM schema_migrations),
        'server_version', current_setting('server_version'),
        'clients', (SELECT count(*) FROM clients),
        'scopes', (SELECT count(*) FROM scopes)
    );
$$;
