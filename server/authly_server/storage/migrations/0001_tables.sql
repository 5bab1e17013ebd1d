-- The entities of an authorization server. Credentials are stored as SHA-256 digests only
-- (human passwords as bcrypt hashes): a copy of this database holds nothing that can be presented.

CREATE TABLE authly.users (
    id uuid CONSTRAINT users_pkey PRIMARY KEY DEFAULT gen_random_uuid(),
    email text NOT NULL CONSTRAINT users_email_length CHECK (length(email) BETWEEN 3 AND 255),
    username text NOT NULL CONSTRAINT users_username_length CHECK (length(username) BETWEEN 1 AND 255),
    -- Folded forms (NFKC and case folding, by the program) are what uniqueness and sign-in go by.
    email_folded text NOT NULL CONSTRAINT users_email_folded_key UNIQUE,
    username_folded text NOT NULL CONSTRAINT users_username_folded_key UNIQUE,
    password_hash text NOT NULL,
    is_verified boolean NOT NULL DEFAULT false,
    is_admin boolean NOT NULL DEFAULT false,
    enabled boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    -- Otherwise one person's username could be another person's address.
    CONSTRAINT users_username_is_no_other_address
        CHECK (username_folded = email_folded OR position('@' IN username_folded) = 0)
);

CREATE TABLE authly.clients (
    id uuid CONSTRAINT clients_pkey PRIMARY KEY DEFAULT gen_random_uuid(),
    client_id text NOT NULL CONSTRAINT clients_client_id_key UNIQUE
        CONSTRAINT clients_client_id_length CHECK (length(client_id) BETWEEN 1 AND 255),
    owner text CONSTRAINT clients_owner_length CHECK (length(owner) BETWEEN 1 AND 512),
    display_name text NOT NULL,
    type text NOT NULL CONSTRAINT clients_type CHECK (type IN ('confidential', 'public')),
    auth_method text NOT NULL CONSTRAINT clients_auth_method
        CHECK (auth_method IN ('client_secret_basic', 'client_secret_post', 'private_key_jwt',
            'service_account', 'none')),
    grant_types text[] NOT NULL,
    redirect_uris text[] NOT NULL,
    audiences text[] NOT NULL,
    require_pkce boolean NOT NULL DEFAULT true,
    access_token_ttl integer
        CONSTRAINT clients_access_token_ttl CHECK (access_token_ttl BETWEEN 1 AND 2592000),
    refresh_token_ttl integer
        CONSTRAINT clients_refresh_token_ttl CHECK (refresh_token_ttl BETWEEN 1 AND 315360000),
    enabled boolean NOT NULL DEFAULT true,
    client_uri text,
    logo_uri text,
    tos_uri text,
    policy_uri text,
    contacts text[] NOT NULL DEFAULT '{}',
    -- Public keys only (RFC 7517): here, or where the client publishes them.
    jwks jsonb,
    jwks_uri text,
    -- A Kubernetes service account, `namespace/name`, whose tokens are the client's assertions.
    service_account text,
    service_account_audience text,
    require_pushed_authorization boolean NOT NULL DEFAULT false,
    dpop_bound boolean NOT NULL DEFAULT false,
    post_logout_redirect_uris text[] NOT NULL DEFAULT '{}',
    backchannel_logout_uri text,
    id_token_signed_response_alg text CONSTRAINT clients_id_token_alg
        CHECK (id_token_signed_response_alg IN ('ES256', 'RS256', 'EdDSA')),
    userinfo_signed_response_alg text CONSTRAINT clients_userinfo_alg
        CHECK (userinfo_signed_response_alg IN ('ES256', 'RS256', 'EdDSA')),
    default_max_age integer
        CONSTRAINT clients_default_max_age CHECK (default_max_age BETWEEN 0 AND 315360000),
    allowed_cors_origins text[] NOT NULL DEFAULT '{}',
    -- What its owner wants to become of it, and since when the owner has been seen to be gone.
    deletion_policy text NOT NULL DEFAULT 'delete'
        CONSTRAINT clients_deletion_policy CHECK (deletion_policy IN ('delete', 'disable', 'orphan')),
    owner_gone_at timestamptz,
    -- Who registered it: the operator, the client itself (RFC 7591), or its metadata document.
    origin text NOT NULL DEFAULT 'operator'
        CONSTRAINT clients_origin CHECK (origin IN ('operator', 'dynamic', 'document')),
    registration_token_digest bytea CONSTRAINT clients_registration_token_digest_length
        CHECK (length(registration_token_digest) = 32),
    last_used_on date,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT clients_public_has_no_secret CHECK ((type = 'public') = (auth_method = 'none')),
    CONSTRAINT clients_public_uses_pkce CHECK (type = 'confidential' OR require_pkce),
    CONSTRAINT clients_keys_in_one_place CHECK (jwks IS NULL OR jwks_uri IS NULL),
    CONSTRAINT clients_private_key_has_a_public_one CHECK (auth_method <> 'private_key_jwt'
        OR jwks IS NOT NULL OR jwks_uri IS NOT NULL),
    CONSTRAINT clients_service_account_is_named
        CHECK ((auth_method = 'service_account') = (service_account IS NOT NULL))
);

CREATE TABLE authly.client_secrets (
    client_id uuid NOT NULL
        CONSTRAINT client_secrets_client_fkey REFERENCES authly.clients ON DELETE CASCADE,
    digest bytea NOT NULL CONSTRAINT client_secrets_digest_length CHECK (length(digest) = 32),
    -- 1 is the current one; the others, youngest first, are valid until they are retired (ADR 19).
    position smallint NOT NULL
        CONSTRAINT client_secrets_at_most_four CHECK (position BETWEEN 1 AND 4),
    -- What people are told instead of the digest.
    name text NOT NULL DEFAULT substr(md5(gen_random_uuid()::text), 1, 8),
    created_at timestamptz NOT NULL DEFAULT now(),
    -- To about a minute: written in batches, never while a client authenticates.
    last_used_at timestamptz,
    -- When a later secret was seen to work in its place.
    retiring_since timestamptz,
    CONSTRAINT client_secrets_pkey PRIMARY KEY (client_id, position)
);

CREATE TABLE authly.scopes (
    id uuid CONSTRAINT scopes_pkey PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL CONSTRAINT scopes_name_key UNIQUE
        -- scope-token of RFC 6749, section 3.3
        CONSTRAINT scopes_name_is_a_scope_token CHECK (name ~ '^[!#-\[\]-~]{1,255}$'),
    owner text CONSTRAINT scopes_owner_length CHECK (length(owner) BETWEEN 1 AND 512),
    description text NOT NULL DEFAULT '',
    is_default boolean NOT NULL DEFAULT false,
    -- By language tag (RFC 5646), for people who read another language than that of `description`.
    descriptions jsonb NOT NULL DEFAULT '{}',
    -- Standard claims that UserInfo answers to tokens of the scope.
    claims text[] NOT NULL DEFAULT '{}',
    -- People are asked for it each time, also those who agreed before.
    is_sensitive boolean NOT NULL DEFAULT false,
    deletion_policy text NOT NULL DEFAULT 'delete'
        CONSTRAINT scopes_deletion_policy CHECK (deletion_policy IN ('delete', 'orphan')),
    owner_gone_at timestamptz,
    -- Seeded scopes outlive their owner: they go back to nobody, and to what they were seeded as.
    is_seeded boolean NOT NULL DEFAULT false,
    seeded_description text,
    seeded_default boolean,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE authly.client_scopes (
    client_id uuid NOT NULL
        CONSTRAINT client_scopes_client_fkey REFERENCES authly.clients ON DELETE CASCADE,
    -- A scope in use cannot vanish from under its clients.
    scope_id uuid NOT NULL
        CONSTRAINT client_scopes_scope_fkey REFERENCES authly.scopes ON DELETE RESTRICT,
    CONSTRAINT client_scopes_pkey PRIMARY KEY (client_id, scope_id)
);

-- What a resource owner granted; revoking it ends every code and token issued from it.
CREATE TABLE authly.grants (
    id uuid CONSTRAINT grants_pkey PRIMARY KEY,
    client_id uuid NOT NULL
        CONSTRAINT grants_client_fkey REFERENCES authly.clients ON DELETE CASCADE,
    user_id uuid NOT NULL CONSTRAINT grants_user_fkey REFERENCES authly.users ON DELETE CASCADE,
    scopes text[] NOT NULL,
    resources text[] NOT NULL DEFAULT '{}',
    -- Of the session in which it was granted, which it may outlive; all or none of the three.
    session_id uuid,
    authenticated_at timestamptz,
    acr text,
    -- Claims that were asked for one by one (OpenID Connect Core, section 5.5).
    id_token_claims text[] NOT NULL DEFAULT '{}',
    userinfo_claims text[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz,
    CONSTRAINT grants_authentication_is_whole CHECK (
        (session_id IS NULL) = (authenticated_at IS NULL) AND (session_id IS NULL) = (acr IS NULL))
);

CREATE TABLE authly.authorization_codes (
    digest bytea CONSTRAINT authorization_codes_pkey PRIMARY KEY
        CONSTRAINT authorization_codes_digest_length CHECK (length(digest) = 32),
    grant_id uuid NOT NULL
        CONSTRAINT authorization_codes_grant_fkey REFERENCES authly.grants ON DELETE CASCADE,
    redirect_uri text,
    code_challenge text,
    nonce text,
    -- The thumbprint of the key that it has to be redeemed with (RFC 9449, section 10).
    dpop_jkt text,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- Authorization requests that clients pushed (RFC 9126): a query without any credential in it.
CREATE TABLE authly.pushed_requests (
    digest bytea CONSTRAINT pushed_requests_pkey PRIMARY KEY
        CONSTRAINT pushed_requests_digest_length CHECK (length(digest) = 32),
    client_id uuid NOT NULL
        CONSTRAINT pushed_requests_client_fkey REFERENCES authly.clients ON DELETE CASCADE,
    query text NOT NULL,
    expires_at timestamptz NOT NULL,
    answered_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- Devices that wait until somebody with a browser has decided about them (RFC 8628). The digest of
-- the short user code is one with a key that is not in here.
CREATE TABLE authly.device_authorizations (
    digest bytea CONSTRAINT device_authorizations_pkey PRIMARY KEY
        CONSTRAINT device_authorizations_digest_length CHECK (length(digest) = 32),
    user_code_digest bytea NOT NULL CONSTRAINT device_authorizations_user_code_key UNIQUE
        CONSTRAINT device_authorizations_user_code_length CHECK (length(user_code_digest) = 32),
    -- The id that the grant has, once there is one.
    grant_id uuid NOT NULL,
    client_id uuid NOT NULL
        CONSTRAINT device_authorizations_client_fkey REFERENCES authly.clients ON DELETE CASCADE,
    scopes text[] NOT NULL,
    resources text[] NOT NULL,
    decision text CONSTRAINT device_authorizations_decision CHECK (decision IN ('allowed', 'denied')),
    poll_interval integer NOT NULL,
    polled_at timestamptz,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- How often something was tried, by the digest of who and what.
CREATE TABLE authly.attempts (
    digest bytea CONSTRAINT attempts_pkey PRIMARY KEY
        CONSTRAINT attempts_digest_length CHECK (length(digest) = 32),
    count integer NOT NULL,
    expires_at timestamptz NOT NULL
);

-- Refresh families (one row a grant: the live generation and the one before), and access tokens
-- that were revoked before they expired. Access tokens otherwise leave no row.
CREATE TABLE authly.tokens (
    id uuid CONSTRAINT tokens_pkey PRIMARY KEY DEFAULT gen_random_uuid(),
    token_type text NOT NULL CONSTRAINT tokens_type CHECK (token_type IN ('access', 'refresh')),
    client_id uuid NOT NULL
        CONSTRAINT tokens_client_fkey REFERENCES authly.clients ON DELETE CASCADE,
    grant_id uuid CONSTRAINT tokens_grant_fkey REFERENCES authly.grants ON DELETE CASCADE,
    jti text CONSTRAINT tokens_jti_key UNIQUE CONSTRAINT tokens_jti_length CHECK (length(jti) <= 64),
    generation integer,
    digest bytea,
    previous_digest bytea,
    -- The thumbprint of the key that a public client's family is bound to (RFC 9449, section 5).
    dpop_jkt text,
    rotated_at timestamptz,
    retries smallint NOT NULL DEFAULT 0,
    invalidated_at timestamptz,
    expires_at timestamptz NOT NULL,
    -- The first day on which maintenance may remove it. Indexed instead of the time itself: a
    -- rotation moves that on, but hardly ever the day, and so touches no index at all.
    removable_on date GENERATED ALWAYS AS ((expires_at AT TIME ZONE 'UTC')::date + 2) STORED,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT tokens_access_is_invalidated
        CHECK (token_type <> 'access' OR (jti IS NOT NULL AND invalidated_at IS NOT NULL)),
    CONSTRAINT tokens_refresh_is_a_family CHECK (token_type <> 'refresh'
        OR (grant_id IS NOT NULL AND generation >= 0 AND length(digest) = 32))
) WITH (fillfactor = 85);

CREATE TABLE authly.sessions (
    id uuid CONSTRAINT sessions_pkey PRIMARY KEY DEFAULT gen_random_uuid(),
    digest bytea NOT NULL CONSTRAINT sessions_digest_key UNIQUE
        CONSTRAINT sessions_digest_length CHECK (length(digest) = 32),
    user_id uuid NOT NULL CONSTRAINT sessions_user_fkey REFERENCES authly.users ON DELETE CASCADE,
    authenticated_at timestamptz NOT NULL DEFAULT now(),
    acr text NOT NULL,
    expires_at timestamptz NOT NULL
);

-- Clients that still have to be told of a session's end (OpenID Connect Back-Channel Logout). The
-- session is gone already; so may be its user.
CREATE TABLE authly.logout_notices (
    id uuid CONSTRAINT logout_notices_pkey PRIMARY KEY DEFAULT gen_random_uuid(),
    client_id uuid NOT NULL
        CONSTRAINT logout_notices_client_fkey REFERENCES authly.clients ON DELETE CASCADE,
    session_id uuid NOT NULL,
    user_id uuid NOT NULL,
    attempts smallint NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL DEFAULT now(),
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE authly.consents (
    user_id uuid NOT NULL CONSTRAINT consents_user_fkey REFERENCES authly.users ON DELETE CASCADE,
    client_id uuid NOT NULL
        CONSTRAINT consents_client_fkey REFERENCES authly.clients ON DELETE CASCADE,
    scopes text[] NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT consents_pkey PRIMARY KEY (user_id, client_id)
);

-- Identifiers of assertions and proofs that were accepted and may not be again; the digest is of
-- who sent it and of its jti, so that any length and any character has one size.
CREATE TABLE authly.used_jtis (
    digest bytea CONSTRAINT used_jtis_pkey PRIMARY KEY
        CONSTRAINT used_jtis_digest_length CHECK (length(digest) = 32),
    expires_at timestamptz NOT NULL
);

-- No foreign keys: a record outlives what it tells of.
CREATE TABLE authly.audit_log (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT audit_log_pkey PRIMARY KEY,
    occurred_at timestamptz NOT NULL DEFAULT now(),
    event text NOT NULL,
    client_id text,
    user_id uuid,
    grant_id uuid,
    detail jsonb NOT NULL DEFAULT '{}'
);

-- Access tokens issued between the two moments, both included, as seconds since 1970, are refused:
-- the time that a restore took back, in which they may have been revoked without a trace.
CREATE TABLE authly.token_fences (
    refused_from bigint NOT NULL,
    refused_until bigint NOT NULL CONSTRAINT token_fences_pkey PRIMARY KEY
);

-- The lease epoch of the operator that wrote last: a deposed leader's late write is refused.
CREATE TABLE authly.operator_epoch (
    singleton boolean CONSTRAINT operator_epoch_pkey PRIMARY KEY DEFAULT true
        CONSTRAINT operator_epoch_is_one_row CHECK (singleton),
    epoch bigint NOT NULL
);

INSERT INTO authly.operator_epoch (epoch) VALUES (0);

INSERT INTO authly.scopes (name, description, is_default, is_seeded) VALUES
    ('read', 'Read access to user data', true, true),
    ('write', 'Write access to user data', false, true),
    ('profile', 'Access to user profile information', true, true),
    ('admin', 'Administrative access', false, true),
    -- What OpenID Connect gives a meaning to.
    ('openid', 'Sign you in', false, true),
    ('email', 'Your email address', false, true),
    ('offline_access', 'Access while you are signed out', false, true);
UPDATE authly.scopes SET seeded_description = description, seeded_default = is_default;
