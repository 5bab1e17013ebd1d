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

CREATE FUNCTION authly.is_optional_string(value jsonb, longest integer) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = authly, pg_temp AS $$
    SELECT coalesce(value, 'null') = 'null' OR is_string(value, longest);
$$;

CREATE FUNCTION authly.is_optional_boolean(value jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = authly, pg_temp AS $$
    SELECT coalesce(jsonb_typeof(value), 'null') IN ('null', 'boolean');
$$;

-- Whole seconds, or nothing.
CREATE FUNCTION authly.is_lifetime(value jsonb, shortest integer, longest integer) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = authly, pg_temp AS $$
    SELECT CASE coalesce(jsonb_typeof(value), 'null')
        WHEN 'null' THEN true
        WHEN 'number'
            THEN value::numeric = trunc(value::numeric) AND value::numeric BETWEEN shortest AND longest
        ELSE false
    END;
$$;

-- The row in the form of a canonical spec.
CREATE FUNCTION authly.stored_scope(name text) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = authly, pg_temp AS $$
    SELECT jsonb_build_object(
        'name', scope.name,
        'owner', scope.owner,
        'description', scope.description,
        'descriptions', scope.descriptions,
        'claims', to_jsonb(scope.claims),
        'is_default', scope.is_default,
        'is_sensitive', scope.is_sensitive,
        'deletion_policy', scope.deletion_policy
    )
    FROM scopes AS scope WHERE scope.name = stored_scope.name;
$$;

-- A valid spec in the one form that stored_scope answers, defaults filled in.
CREATE FUNCTION authly.canonical_scope(spec jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = authly, pg_temp AS $$
    SELECT jsonb_build_object(
        'name', spec -> 'name',
        'owner', spec -> 'owner',
        'description', coalesce(spec ->> 'description', ''),
        'descriptions', coalesce(nullif(spec -> 'descriptions', 'null'), '{}'),
        'claims', to_jsonb(sorted(string_list(spec -> 'claims'))),
        'is_default', coalesce((spec ->> 'is_default')::boolean, false),
        'is_sensitive', coalesce((spec ->> 'is_sensitive')::boolean, false),
        'deletion_policy', coalesce(spec ->> 'deletion_policy', 'delete')
    );
$$;

CREATE FUNCTION authly_api.observe_scope(name text) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = authly, pg_temp AS $$
    SELECT stored_scope(observe_scope.name) || jsonb_build_object('in_use_by', (
        SELECT count(*) FROM client_scopes AS held JOIN scopes AS scope ON scope.id = held.scope_id
        WHERE scope.name = observe_scope.name));
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
        WHEN NOT is_optional_boolean(spec -> 'is_default') THEN 'is_default must be true or false'
        WHEN NOT is_optional_boolean(spec -> 'is_sensitive') THEN 'is_sensitive must be true or false'
        WHEN coalesce(jsonb_typeof(nullif(spec -> 'descriptions', 'null')), 'object') <> 'object'
            OR jsonb_path_exists(spec -> 'descriptions', '$.* ? (@.type() != "string")')
            OR length((spec -> 'descriptions')::text) > 32768
            THEN 'descriptions must be an object of texts by language, of at most 32768 characters'
        WHEN string_list(spec -> 'claims') IS NULL THEN 'claims must be a list of names'
        WHEN coalesce(spec ->> 'deletion_policy', 'delete') NOT IN ('delete', 'orphan')
            THEN 'deletion_policy must be delete or orphan'
    END;
$$;

CREATE FUNCTION authly_api.apply_scope(spec jsonb, epoch bigint) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = authly, pg_temp AS $$
#variable_conflict use_column
DECLARE
    fault text := fault_of_scope(apply_scope.spec);
    wanted jsonb;
    found scopes;
BEGIN
    PERFORM check_epoch(apply_scope.epoch);
    IF fault IS NOT NULL THEN
        RETURN outcome('Invalid', to_jsonb(fault));
    END IF;
    wanted := canonical_scope(apply_scope.spec);
    PERFORM lock_name('scope', wanted ->> 'name');
    SELECT * INTO found FROM scopes AS scope WHERE scope.name = wanted ->> 'name';
    -- A seeded scope belongs to nobody and may be adopted; any other row without an owner may not.
    IF found.id IS NOT NULL AND found.owner IS DISTINCT FROM wanted ->> 'owner'
        AND NOT (found.owner IS NULL AND found.is_seeded) THEN
        RETURN outcome('Conflict', to_jsonb(coalesce(found.owner, '')));
    END IF;
    IF stored_scope(wanted ->> 'name') = wanted AND found.owner_gone_at IS NULL THEN
        RETURN outcome('Unchanged');
    END IF;
    INSERT INTO scopes (name, owner, description, descriptions, claims, is_default, is_sensitive,
        deletion_policy)
    VALUES (wanted ->> 'name', wanted ->> 'owner', wanted ->> 'description',
        wanted -> 'descriptions', string_list(wanted -> 'claims'),
        (wanted ->> 'is_default')::boolean, (wanted ->> 'is_sensitive')::boolean,
        wanted ->> 'deletion_policy')
    ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, owner_gone_at = NULL,
        description = excluded.description, descriptions = excluded.descriptions,
        claims = excluded.claims, is_default = excluded.is_default,
        is_sensitive = excluded.is_sensitive, deletion_policy = excluded.deletion_policy,
        updated_at = now();
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
        UPDATE scopes AS scope SET owner = NULL, owner_gone_at = NULL, updated_at = now(),
            description = coalesce(scope.seeded_description, scope.description),
            is_default = coalesce(scope.seeded_default, scope.is_default),
            descriptions = '{}', claims = '{}', is_sensitive = false, deletion_policy = 'delete'
        WHERE scope.id = found.id;
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
