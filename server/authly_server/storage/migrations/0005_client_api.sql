-- The functions of authly_api for clients; their arguments are named as in 0003_api.sql.

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
        'deletion_policy', coalesce(spec ->> 'deletion_policy', 'delete'),
        'client_uri', spec ->> 'client_uri',
        'logo_uri', spec ->> 'logo_uri',
        'tos_uri', spec ->> 'tos_uri',
        'policy_uri', spec ->> 'policy_uri',
        'contacts', to_jsonb(string_list(spec -> 'contacts')),
        'jwks', nullif(spec -> 'jwks', 'null'),
        'jwks_uri', spec ->> 'jwks_uri',
        'service_account', spec ->> 'service_account',
        'service_account_audience', spec ->> 'service_account_audience',
        'require_pushed_authorization', coalesce(spec ->> 'require_pushed_authorization', 'false')::boolean,
        'dpop_bound', coalesce(spec ->> 'dpop_bound', 'false')::boolean,
        'post_logout_redirect_uris', to_jsonb(string_list(spec -> 'post_logout_redirect_uris')),
        'backchannel_logout_uri', spec ->> 'backchannel_logout_uri',
        'id_token_signed_response_alg', spec ->> 'id_token_signed_response_alg',
        'userinfo_signed_response_alg', spec ->> 'userinfo_signed_response_alg',
        'default_max_age', (spec ->> 'default_max_age')::numeric::integer,
        'allowed_cors_origins', to_jsonb(string_list(spec -> 'allowed_cors_origins'))
    );
$$;

-- The row in the form of a canonical spec.
CREATE FUNCTION authly.stored_client(client_id text) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = authly, pg_temp AS $$
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
        'deletion_policy', client.deletion_policy,
        'client_uri', client.client_uri,
        'logo_uri', client.logo_uri,
        'tos_uri', client.tos_uri,
        'policy_uri', client.policy_uri,
        'contacts', to_jsonb(client.contacts),
        'jwks', client.jwks,
        'jwks_uri', client.jwks_uri,
        'service_account', client.service_account,
        'service_account_audience', client.service_account_audience,
        'require_pushed_authorization', client.require_pushed_authorization,
        'dpop_bound', client.dpop_bound,
        'post_logout_redirect_uris', to_jsonb(client.post_logout_redirect_uris),
        'backchannel_logout_uri', client.backchannel_logout_uri,
        'id_token_signed_response_alg', client.id_token_signed_response_alg,
        'userinfo_signed_response_alg', client.userinfo_signed_response_alg,
        'default_max_age', client.default_max_age,
        'allowed_cors_origins', to_jsonb(client.allowed_cors_origins)
    )
    FROM clients AS client WHERE client.client_id = stored_client.client_id;
$$;

CREATE FUNCTION authly_api.observe_client(client_id text) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = authly, pg_temp AS $$
    SELECT stored_client(observe_client.client_id);
$$;

-- What is known of a client's secrets, the current one first: when each came, about when it was used
-- last, since when a later one works, and what time it is here.
CREATE FUNCTION authly_api.observe_secrets(client_id text) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = authly, pg_temp AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object(
        'name', secret.name,
        'sha256', encode(secret.digest, 'hex'),
        'created_at', secret.created_at,
        'last_used_at', secret.last_used_at,
        'retiring_since', secret.retiring_since,
        'observed_at', now()) ORDER BY secret.position), '[]')
    FROM client_secrets AS secret JOIN clients AS client ON client.id = secret.client_id
    WHERE client.client_id = observe_secrets.client_id;
$$;

-- Writes the row and what hangs on it; the caller has locked the name and judged the spec.
CREATE FUNCTION authly.write_client(wanted jsonb) RETURNS void
LANGUAGE plpgsql SET search_path = authly, pg_temp AS $$
DECLARE
    written uuid;
    kept client_secrets[];
BEGIN
    INSERT INTO clients AS client (client_id, owner, display_name, type, auth_method, grant_types,
        redirect_uris, audiences, require_pkce, access_token_ttl, refresh_token_ttl, enabled,
        deletion_policy, client_uri, logo_uri,
        tos_uri, policy_uri, contacts, jwks, jwks_uri, service_account, service_account_audience,
        require_pushed_authorization, dpop_bound, post_logout_redirect_uris, backchannel_logout_uri,
        id_token_signed_response_alg, userinfo_signed_response_alg, default_max_age,
        allowed_cors_origins)
    VALUES (wanted ->> 'client_id', wanted ->> 'owner', wanted ->> 'display_name', wanted ->> 'type',
        wanted ->> 'auth_method', string_list(wanted -> 'grant_types'),
        string_list(wanted -> 'redirect_uris'), string_list(wanted -> 'audiences'),
        (wanted ->> 'require_pkce')::boolean, (wanted ->> 'access_token_ttl')::integer,
        (wanted ->> 'refresh_token_ttl')::integer, (wanted ->> 'enabled')::boolean,
        wanted ->> 'deletion_policy', wanted ->> 'client_uri', wanted ->> 'logo_uri',
        wanted ->> 'tos_uri',
        wanted ->> 'policy_uri',
        string_list(wanted -> 'contacts'),
        nullif(wanted -> 'jwks', 'null'),
        wanted ->> 'jwks_uri',
        wanted ->> 'service_account',
        wanted ->> 'service_account_audience',
        (wanted ->> 'require_pushed_authorization')::boolean,
        (wanted ->> 'dpop_bound')::boolean,
        string_list(wanted -> 'post_logout_redirect_uris'),
        wanted ->> 'backchannel_logout_uri',
        wanted ->> 'id_token_signed_response_alg',
        wanted ->> 'userinfo_signed_response_alg',
        (wanted ->> 'default_max_age')::integer,
        string_list(wanted -> 'allowed_cors_origins'))
    ON CONFLICT (client_id) DO UPDATE SET
        owner = excluded.owner, deletion_policy = excluded.deletion_policy, owner_gone_at = NULL,
        display_name = excluded.display_name, type = excluded.type,
        auth_method = excluded.auth_method, grant_types = excluded.grant_types,
        redirect_uris = excluded.redirect_uris, audiences = excluded.audiences,
        require_pkce = excluded.require_pkce, access_token_ttl = excluded.access_token_ttl,
        refresh_token_ttl = excluded.refresh_token_ttl, enabled = excluded.enabled,
        client_uri = excluded.client_uri, logo_uri = excluded.logo_uri,
        tos_uri = excluded.tos_uri,
        policy_uri = excluded.policy_uri,
        contacts = excluded.contacts,
        jwks = excluded.jwks,
        jwks_uri = excluded.jwks_uri,
        service_account = excluded.service_account,
        service_account_audience = excluded.service_account_audience,
        require_pushed_authorization = excluded.require_pushed_authorization,
        dpop_bound = excluded.dpop_bound,
        post_logout_redirect_uris = excluded.post_logout_redirect_uris,
        backchannel_logout_uri = excluded.backchannel_logout_uri,
        id_token_signed_response_alg = excluded.id_token_signed_response_alg,
        userinfo_signed_response_alg = excluded.userinfo_signed_response_alg,
        default_max_age = excluded.default_max_age,
        allowed_cors_origins = excluded.allowed_cors_origins,
        updated_at = now()
    RETURNING client.id INTO written;

    -- A secret that stays keeps its name and its times; the current one retires no more.
    SELECT array_agg(secret) INTO kept FROM client_secrets AS secret WHERE secret.client_id = written;
    DELETE FROM client_secrets AS secret WHERE secret.client_id = written;
    INSERT INTO client_secrets (client_id, digest, position, name, created_at, last_used_at,
        retiring_since)
    SELECT written, decode(wanted_digest, 'hex'), at,
        coalesce(former.name, substr(md5(gen_random_uuid()::text), 1, 8)),
        coalesce(former.created_at, now()), former.last_used_at,
        CASE WHEN at > 1 THEN former.retiring_since END
    FROM unnest(string_list(wanted -> 'secret_sha256')) WITH ORDINALITY AS secret (wanted_digest, at)
    LEFT JOIN unnest(kept) AS former ON former.digest = decode(wanted_digest, 'hex');

    DELETE FROM client_scopes AS held WHERE held.client_id = written;
    INSERT INTO client_scopes (client_id, scope_id)
    SELECT written, scope.id FROM scopes AS scope WHERE scope.name = ANY (string_list(wanted -> 'scopes'));
END $$;

-- Whether nobody claims the row, or its owner left it for good; those that registered themselves are
-- never anybody else's.
CREATE FUNCTION authly.is_unowned(client_id text) RETURNS boolean
LANGUAGE sql STABLE SET search_path = authly, pg_temp AS $$
    SELECT EXISTS (SELECT FROM clients AS client WHERE client.client_id = is_unowned.client_id
        AND client.origin = 'operator'
        AND (client.owner IS NULL
            OR (client.deletion_policy = 'orphan' AND client.owner_gone_at IS NOT NULL)));
$$;

CREATE FUNCTION authly_api.observe_unowned(client_id text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = authly, pg_temp AS $$
    SELECT is_unowned(observe_unowned.client_id);
$$;

-- Whether its owner had gone when it was swept last.
CREATE FUNCTION authly.is_abandoned(client_id text) RETURNS boolean
LANGUAGE sql STABLE SET search_path = authly, pg_temp AS $$
    SELECT EXISTS (SELECT FROM clients AS client WHERE client.client_id = is_abandoned.client_id
        AND client.owner_gone_at IS NOT NULL);
$$;

CREATE FUNCTION authly_api.apply_client(spec jsonb, epoch bigint) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = authly, pg_temp AS $$
#variable_conflict use_column
DECLARE
    fault text := coalesce(fault_of_client(apply_client.spec),
        fault_of_client_proof(apply_client.spec), fault_of_client_metadata(apply_client.spec));
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
    stored := stored_client(wanted ->> 'client_id');
    IF stored IS NOT NULL AND stored -> 'owner' <> wanted -> 'owner'
        AND NOT (coalesce(apply_client.spec -> 'adopt', 'false') = 'true'
            AND is_unowned(wanted ->> 'client_id')) THEN
        RETURN outcome('Conflict', to_jsonb(coalesce(stored ->> 'owner', '')));
    END IF;
    IF stored = wanted AND NOT is_abandoned(wanted ->> 'client_id') THEN
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
    PERFORM audit(CASE WHEN stored IS NULL THEN 'client_created'
            WHEN stored -> 'owner' <> wanted -> 'owner' THEN 'client_adopted' ELSE 'client_updated' END,
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
