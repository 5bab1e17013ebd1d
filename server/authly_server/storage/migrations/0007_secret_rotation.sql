-- The overlap of client secrets (ADR 19): begun by the operator, timed by this database.

-- A later secret was seen to work: from now on the former ones of the client retire. `current` is
-- the name of the one that works, so that a look which is out of date begins nothing.
CREATE FUNCTION authly_api.retire_secrets(client_id text, owner text, current text, epoch bigint)
RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = authly, pg_temp AS $$
#variable_conflict use_column
DECLARE
    held clients;
BEGIN
    PERFORM check_epoch(retire_secrets.epoch);
    PERFORM lock_name('client', retire_secrets.client_id);
    SELECT * INTO held FROM clients AS client WHERE client.client_id = retire_secrets.client_id;
    IF held.id IS NULL THEN
        RETURN outcome('Absent');
    END IF;
    IF held.owner IS DISTINCT FROM retire_secrets.owner THEN
        RETURN outcome('Conflict', to_jsonb(coalesce(held.owner, '')));
    END IF;
    UPDATE client_secrets AS former SET retiring_since = now()
    FROM client_secrets AS secret
    WHERE secret.client_id = held.id AND secret.position = 1 AND secret.name = retire_secrets.current
        AND former.client_id = held.id AND former.position > 1 AND former.retiring_since IS NULL;
    IF NOT FOUND THEN
        RETURN outcome('Unchanged');
    END IF;
    PERFORM audit('client_secrets_retiring', held.client_id,
        jsonb_build_object('owner', held.owner, 'epoch', retire_secrets.epoch));
    RETURN outcome('Updated');
END $$;
