-- What a client's spec must be; judged before anything is written.

-- The first rule that a client's spec breaks, or NULL.
CREATE FUNCTION authly.fault_of_client(spec jsonb) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = authly, pg_temp AS $$
    SELECT CASE
        WHEN coalesce(jsonb_typeof(spec), 'null') <> 'object' THEN 'the spec must be an object'
        WHEN NOT is_string(spec -> 'client_id', 255) THEN 'client_id must be a string of 1 to 255 characters'
        WHEN NOT is_string(spec -> 'owner', 512) THEN 'owner must be a string of 1 to 512 characters'
        WHEN NOT is_optional_string(spec -> 'display_name', 255)
            THEN 'display_name must be a string of 1 to 255 characters'
        WHEN coalesce(spec ->> 'type', '') NOT IN ('confidential', 'public')
            THEN 'type must be confidential or public'
        WHEN coalesce(spec ->> 'auth_method', '') NOT IN ('client_secret_basic', 'client_secret_post',
                'private_key_jwt', 'service_account', 'none')
            THEN 'auth_method must be client_secret_basic, client_secret_post, private_key_jwt,'
                || ' service_account or none'
        WHEN (spec ->> 'type' = 'public') <> (spec ->> 'auth_method' = 'none')
            THEN 'auth_method must be none for a public client and for no other'
        WHEN string_list(spec -> 'secret_sha256') IS NULL OR cardinality(string_list(spec -> 'secret_sha256')) > 4
            OR EXISTS (SELECT FROM unnest(string_list(spec -> 'secret_sha256')) AS digest
                WHERE digest !~ '^[0-9a-f]{64}$')
            THEN 'secret_sha256 must be a list of at most four SHA-256 digests in lowercase hexadecimal'
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
        WHEN NOT is_optional_boolean(spec -> 'require_pkce') THEN 'require_pkce must be true or false'
        WHEN spec ->> 'type' = 'public' AND spec -> 'require_pkce' = 'false'
            THEN 'require_pkce must be true for a public client'
        WHEN NOT is_optional_boolean(spec -> 'enabled') THEN 'enabled must be true or false'
        WHEN NOT is_optional_boolean(spec -> 'adopt') THEN 'adopt must be true or false'
        WHEN coalesce(spec ->> 'deletion_policy', 'delete') NOT IN ('delete', 'disable', 'orphan')
            THEN 'deletion_policy must be delete, disable or orphan'
        WHEN NOT is_lifetime(spec -> 'access_token_ttl', 1, 2592000)
            THEN 'access_token_ttl must be whole seconds from 1 to 2592000'
        WHEN NOT is_lifetime(spec -> 'refresh_token_ttl', 1, 315360000)
            THEN 'refresh_token_ttl must be whole seconds from 1 to 315360000'
    END;
$$;

-- Public keys only, at most twenty of them in 64 KB (RFC 7517 section 5).
CREATE FUNCTION authly.is_jwks(value jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = authly, pg_temp AS $$
    SELECT CASE WHEN jsonb_typeof(value) = 'object' AND jsonb_typeof(value -> 'keys') = 'array'
        THEN jsonb_array_length(value -> 'keys') BETWEEN 1 AND 20 AND length(value::text) <= 65536
            AND NOT EXISTS (
                SELECT FROM jsonb_array_elements(value -> 'keys') AS element (key)
                WHERE jsonb_typeof(key) <> 'object' OR NOT is_string(key -> 'kty', 16)
                    OR key ?| ARRAY['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'])
        ELSE false
    END;
$$;

-- The first rule that a client's way to prove itself breaks, or NULL; for a spec without other faults.
CREATE FUNCTION authly.fault_of_client_proof(spec jsonb) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = authly, pg_temp AS $$
    SELECT CASE
        WHEN spec ->> 'auth_method' IN ('private_key_jwt', 'service_account')
            AND cardinality(string_list(spec -> 'secret_sha256')) > 0
            THEN 'a client of this auth_method has no secret'
        WHEN coalesce(spec -> 'jwks', 'null') <> 'null' AND NOT is_jwks(spec -> 'jwks')
            THEN 'jwks must be a JWK set of 1 to 20 public keys'
        WHEN NOT is_optional_string(spec -> 'jwks_uri', 2048) OR spec ->> 'jwks_uri' !~ '^https://'
            THEN 'jwks_uri must be an https URL of at most 2048 characters'
        WHEN spec ->> 'jwks' IS NOT NULL AND spec ->> 'jwks_uri' IS NOT NULL
            THEN 'jwks and jwks_uri exclude each other (RFC 7591, section 2)'
        WHEN spec ->> 'auth_method' = 'private_key_jwt'
            AND spec ->> 'jwks' IS NULL AND spec ->> 'jwks_uri' IS NULL
            THEN 'auth_method private_key_jwt needs jwks or jwks_uri'
        WHEN NOT is_optional_string(spec -> 'service_account', 317) OR spec ->> 'service_account'
            !~ '^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?/[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$'
            THEN 'service_account must be namespace/name of a Kubernetes service account'
        WHEN (spec ->> 'auth_method' = 'service_account') <> (spec ->> 'service_account' IS NOT NULL)
            THEN 'service_account must be set with auth_method service_account and with no other'
        WHEN NOT is_optional_string(spec -> 'service_account_audience', 2048)
            THEN 'service_account_audience must be a string of 1 to 2048 characters'
        WHEN spec ->> 'service_account_audience' IS NOT NULL AND spec ->> 'service_account' IS NULL
            THEN 'service_account_audience needs service_account'
    END;
$$;

-- The first rule that the rest of a client's spec breaks, or NULL.
CREATE FUNCTION authly.fault_of_client_metadata(spec jsonb) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = authly, pg_temp AS $$
    SELECT CASE
        WHEN NOT is_optional_string(spec -> 'client_uri', 2048)
            THEN 'client_uri must be a string of 1 to 2048 characters'
        WHEN NOT is_optional_string(spec -> 'logo_uri', 2048)
            THEN 'logo_uri must be a string of 1 to 2048 characters'
        WHEN NOT is_optional_string(spec -> 'tos_uri', 2048)
            THEN 'tos_uri must be a string of 1 to 2048 characters'
        WHEN NOT is_optional_string(spec -> 'policy_uri', 2048)
            THEN 'policy_uri must be a string of 1 to 2048 characters'
        WHEN string_list(spec -> 'contacts') IS NULL THEN 'contacts must be a list of strings'
        WHEN NOT is_optional_boolean(spec -> 'require_pushed_authorization')
            THEN 'require_pushed_authorization must be true or false'
        WHEN NOT is_optional_boolean(spec -> 'dpop_bound') THEN 'dpop_bound must be true or false'
        WHEN string_list(spec -> 'post_logout_redirect_uris') IS NULL
            THEN 'post_logout_redirect_uris must be a list of strings'
        WHEN NOT is_optional_string(spec -> 'backchannel_logout_uri', 2048)
            OR spec ->> 'backchannel_logout_uri' !~ '^https?://[^#]+$'
            THEN 'backchannel_logout_uri must be an http or https URL without fragment'
        WHEN coalesce(spec ->> 'id_token_signed_response_alg', 'ES256') NOT IN ('ES256', 'RS256', 'EdDSA')
            THEN 'id_token_signed_response_alg must be ES256, RS256 or EdDSA'
        WHEN coalesce(spec ->> 'userinfo_signed_response_alg', 'ES256') NOT IN ('ES256', 'RS256', 'EdDSA')
            THEN 'userinfo_signed_response_alg must be ES256, RS256 or EdDSA'
        WHEN NOT is_lifetime(spec -> 'default_max_age', 0, 315360000)
            THEN 'default_max_age must be whole seconds from 0 to 315360000'
        WHEN string_list(spec -> 'allowed_cors_origins') IS NULL
            OR EXISTS (SELECT FROM unnest(string_list(spec -> 'allowed_cors_origins')) AS origin
                WHERE origin !~ '^https?://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?$')
            THEN 'allowed_cors_origins must be a list of origins like https://app.example.com'
    END;
$$;
