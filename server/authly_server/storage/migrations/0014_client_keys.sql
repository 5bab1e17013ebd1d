-- What is known of the public keys that clients prove themselves by: kept as it is of secrets (ADR 30),
-- for keys that go by a name. The keys themselves stay in the client's row.

CREATE TABLE authly.client_keys (
    client_id uuid NOT NULL
        CONSTRAINT client_keys_client_fkey REFERENCES authly.clients ON DELETE CASCADE,
    kid text NOT NULL,
    -- 1 is the current one, as jwks lists them.
    position smallint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    -- To about a minute: written in batches, never while a client authenticates.
    last_used_at timestamptz,
    -- When a later key was seen to work in its place.
    retiring_since timestamptz,
    CONSTRAINT client_keys_pkey PRIMARY KEY (client_id, kid)
);

CREATE FUNCTION authly.keys_of(jwks jsonb) RETURNS TABLE (kid text, "position" smallint)
LANGUAGE sql IMMUTABLE SET search_path = authly, pg_temp AS $$
    SELECT key ->> 'kid', min(at)::smallint
    FROM jsonb_array_elements(CASE WHEN jsonb_typeof(jwks -> 'keys') = 'array'
        THEN jwks -> 'keys' ELSE '[]' END) WITH ORDINALITY AS list (key, at)
    WHERE key ->> 'kid' IS NOT NULL GROUP BY key ->> 'kid';
$$;

-- A key that stays keeps its times; the current one retires no more.
CREATE FUNCTION authly.note_keys() RETURNS trigger
LANGUAGE plpgsql SET search_path = authly, pg_temp AS $$
BEGIN
    DELETE FROM client_keys AS former WHERE former.client_id = NEW.id
        AND former.kid NOT IN (SELECT kid FROM keys_of(NEW.jwks));
    INSERT INTO client_keys AS known (client_id, kid, position)
    SELECT NEW.id, kid, "position" FROM keys_of(NEW.jwks)
    ON CONFLICT (client_id, kid) DO UPDATE SET position = excluded.position,
        retiring_since = CASE WHEN excluded.position > 1 THEN known.retiring_since END;
    RETURN NULL;
END $$;

CREATE TRIGGER clients_note_keys AFTER INSERT OR UPDATE OF jwks ON authly.clients
    FOR EACH ROW WHEN (NEW.origin = 'operator') EXECUTE FUNCTION authly.note_keys();

INSERT INTO authly.client_keys (client_id, kid, position)
SELECT client.id, key.kid, key."position"
FROM authly.clients AS client, authly.keys_of(client.jwks) AS key WHERE client.origin = 'operator';

-- A digest that somebody changes is that of another secret, and goes by another name: the operator knows
-- its own by name.
CREATE FUNCTION authly.rename_secret() RETURNS trigger
LANGUAGE plpgsql SET search_path = authly, pg_temp AS $$
BEGIN
    NEW.name := substr(md5(gen_random_uuid()::text), 1, 8);
    NEW.created_at := now();
    NEW.last_used_at := NULL;
    NEW.retiring_since := NULL;
    RETURN NEW;
END $$;

CREATE TRIGGER client_secrets_rename BEFORE UPDATE OF digest ON authly.client_secrets
    FOR EACH ROW WHEN (NEW.digest <> OLD.digest) EXECUTE FUNCTION authly.rename_secret();

-- Of secrets and of keys alike, the current one first; the name of a key, and its digest, is its kid.
CREATE OR REPLACE FUNCTION authly_api.observe_secrets(client_id text) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = authly, pg_temp AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object(
        'name', proof.name,
        'sha256', proof.digest,
        'created_at', proof.created_at,
        'last_used_at', proof.last_used_at,
        'retiring_since', proof.retiring_since,
        'observed_at', now()) ORDER BY proof.position), '[]')
    FROM clients AS client, LATERAL (
        SELECT name, encode(digest, 'hex') AS digest, position, created_at, last_used_at, retiring_since
        FROM client_secrets AS secret WHERE secret.client_id = client.id
        UNION ALL
        SELECT kid, kid, position, created_at, last_used_at, retiring_since
        FROM client_keys AS key WHERE key.client_id = client.id
            AND client.auth_method = 'private_key_jwt'
    ) AS proof
    WHERE client.client_id = observe_secrets.client_id;
$$;

-- A later secret, or key, was seen to work: from now on the former ones of the client retire. `current`
-- is the name of the one that works, so that a look which is out of date begins nothing.
CREATE OR REPLACE FUNCTION authly_api.retire_secrets(client_id text, owner text, current text,
    epoch bigint)
RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = authly, pg_temp AS $$
#variable_conflict use_column
DECLARE
    held clients;
    begun boolean;
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
    begun := FOUND;
    UPDATE client_keys AS former SET retiring_since = now()
    FROM client_keys AS key
    WHERE key.client_id = held.id AND key.position = 1 AND key.kid = retire_secrets.current
        AND former.client_id = held.id AND former.position > 1 AND former.retiring_since IS NULL;
    IF NOT (begun OR FOUND) THEN
        RETURN outcome('Unchanged');
    END IF;
    PERFORM audit('client_secrets_retiring', held.client_id,
        jsonb_build_object('owner', held.owner, 'epoch', retire_secrets.epoch));
    RETURN outcome('Updated');
END $$;
