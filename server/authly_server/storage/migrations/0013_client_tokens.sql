-- When a client got a token last, to some minutes: written in batches, never while one is issued.
-- Beside the client's row, so that no note waits for a write of the operator, nor it for a note.

CREATE TABLE authly.client_tokens (
    client_id uuid CONSTRAINT client_tokens_pkey PRIMARY KEY
        CONSTRAINT client_tokens_client_fkey REFERENCES authly.clients ON DELETE CASCADE,
    last_issued_at timestamptz NOT NULL
);

-- Of a client that never got one, it says nothing.
CREATE OR REPLACE FUNCTION authly_api.observe_client(client_id text) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = authly, pg_temp AS $$
    SELECT stored_client(observe_client.client_id) || coalesce(
        (SELECT jsonb_build_object('last_token_at', told.last_issued_at)
            FROM client_tokens AS told JOIN clients AS client ON client.id = told.client_id
            WHERE client.client_id = observe_client.client_id), '{}');
$$;
