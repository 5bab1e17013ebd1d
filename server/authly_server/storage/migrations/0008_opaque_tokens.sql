-- Opaque access tokens that were issued, where a server is set to issue such; JWTs leave no row.

-- No foreign keys, so that issuing one costs a row and two entries: a token whose client, grant or
-- user is gone or revoked is found dead, and leaves when it has expired.
CREATE TABLE authly.opaque_tokens (
    digest bytea CONSTRAINT opaque_tokens_pkey PRIMARY KEY
        CONSTRAINT opaque_tokens_digest_length CHECK (length(digest) = 32),
    client_id uuid NOT NULL,
    -- NULL for a client's own.
    grant_id uuid,
    -- NULL for the user of the grant.
    subject text,
    scopes text[] NOT NULL,
    audience text[] NOT NULL,
    -- The thumbprint of the key that it is bound to (RFC 9449, section 6).
    dpop_jkt text,
    -- Who acts for the subject, the present one first: subjects and clients (RFC 8693, section 4.1).
    actors jsonb NOT NULL DEFAULT '[]',
    issued_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    CONSTRAINT opaque_tokens_have_a_subject CHECK (grant_id IS NOT NULL OR subject IS NOT NULL)
);

CREATE INDEX opaque_tokens_expires_at_idx ON authly.opaque_tokens (expires_at);
