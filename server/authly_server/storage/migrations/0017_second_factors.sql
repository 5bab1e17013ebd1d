-- What people show beside their password. The key of their one-time passwords is sealed by a key of
-- SECRET_KEY, which is in no database; of recovery codes there are digests.

CREATE TABLE authly.second_factors (
    user_id uuid CONSTRAINT second_factors_pkey PRIMARY KEY
        CONSTRAINT second_factors_user_fkey REFERENCES authly.users ON DELETE CASCADE,
    sealed_key bytea NOT NULL,
    -- The latest time step whose code was used: neither it nor an earlier one is good again.
    last_step bigint NOT NULL,
    recovery_digests bytea[] NOT NULL,
    enrolled_at timestamptz NOT NULL DEFAULT now()
);
