"""What users of such operators complain of, tried on clients (docs/complaints.md)."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from tests.operator_clients.landscape import Landscape, condition, is_ready
from tests.operator_clients.test_client_fields import public


pytestmark = pytest.mark.control_plane
KEY = public(ec.generate_private_key(ec.SECP256R1()))
SPACED = KEY.replace('"keys"', ' "more" : 1.0 , "keys"')
UPDATED = "SELECT updated_at FROM authly.clients WHERE client_id = %s"


async def test_two_clients_do_not_fight_for_one_secret(land: Landscape) -> None:
    template = {"name": "shared"}
    assert is_ready(await land.client("first", secretTemplate=template))
    data = await land.data("shared")
    second = await land.client("second", secretTemplate=template)
    assert condition(second, "Ready")[:2] == ("False", "SecretTaken")
    for name in ("first", "second", "first"):
        await land.tell("AuthlyClient", name)
    assert await land.data("shared") == data
    assert land.token(data["client_id"], data["client_secret"])[0] == 200
    row = "SELECT 1 FROM authly.clients WHERE client_id = %s"
    assert land.database.fetch(row, f"{land.place}.second") is None, "nothing is made by half"


async def test_a_secret_that_cannot_be_written_is_never_followed_by_ready(land: Landscape) -> None:
    await land.secret("shop-oauth", land.place, {"password": "of somebody else"})
    made = await land.client("shop")
    assert condition(made, "Ready")[:2] == ("False", "SecretTaken")
    assert await land.data("shop-oauth") == {"password": "of somebody else"}


async def test_a_failed_write_of_the_row_is_never_followed_by_ready(land: Landscape) -> None:
    assert is_ready(await land.client("shop"))
    land.database.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'no' USING ERRCODE = '53100'; END $$"
    )
    land.database.execute(
        "CREATE TRIGGER refuse BEFORE UPDATE ON authly.clients FOR EACH ROW"
        " EXECUTE FUNCTION refuse()"
    )
    try:
        refused = await land.edit("shop", displayName="Another")
    finally:
        land.database.execute("DROP FUNCTION refuse CASCADE")
    assert condition(refused, "Synced")[:2] == ("False", "DatabaseError")
    assert not is_ready(refused)
    assert is_ready(await land.tell("AuthlyClient", "shop"))


@pytest.mark.parametrize(
    "spec",
    [
        {"scopes": ["write", "read"]},
        {
            "grantTypes": ["refresh_token", "authorization_code", "client_credentials"],
            "redirectUris": ["https://b.example/", "https://a.example/"],
            "audiences": ["https://z.example", "https://a.example"],
            "allowedCorsOrigins": ["https://z.example", "https://a.example"],
            "metadata": {"contacts": ["z@a.example", "a@a.example"]},
        },
        {"tokens": {"accessTokenTTL": "0.5h", "refreshTokenTTL": "90m30s"}},
        {"tokens": {"accessTokenTTL": "1500ms"}},
        {"secretTemplate": {"labels": {"a": ""}, "annotations": {"a": " b "}}},
        {"auth": {"method": "PrivateKeyJwt", "privateKeyJwt": {"jwks": SPACED}}},
    ],
    ids=lambda spec: next(iter(spec)),
)
async def test_no_spelling_of_a_spec_is_written_again_and_again(
    land: Landscape, spec: dict[str, Any]
) -> None:
    made = await land.client("shop", driftPolicy="Report", **spec)
    assert "drift" not in made["status"]
    secret = await land.api.get("Secret", land.place, "shop-oauth")
    updated = land.database.fetch(UPDATED, f"{land.place}.shop")
    assert updated is not None, made["status"]
    for _ in range(2):
        again = await land.tell("AuthlyClient", "shop")
        assert again["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]
    assert await land.api.get("Secret", land.place, "shop-oauth") == secret
    assert land.database.fetch(UPDATED, f"{land.place}.shop") == updated


async def test_a_client_of_another_namespace_reaches_no_secret_of_its_servers(
    land: Landscape,
) -> None:
    apps = f"{land.place}-apps"
    await land.namespace(apps)
    rule = {"spec": {"allowedClients": {"namespaces": {"from": "All"}}}}
    await land.api.merge("AuthlyServer", land.place, "main", rule)
    ref = {"name": "main-credentials", "key": "OPERATOR_DATABASE_URL"}
    made = await land.client("thief", apps, auth={"secret": {"source": "Existing", "ref": ref}})
    assert condition(made, "Ready")[:2] == ("False", "SecretNotFound")
    assert await land.data("thief-oauth", apps) == {}


async def test_no_finalizer_hangs_where_the_server_is_gone_before(land: Landscape) -> None:
    await land.client("shop")
    for kind, name in (("AuthlyServer", "main"), ("Secret", "main-credentials")):
        found = await land.api.get(kind, land.place, name)
        assert found is not None
        await land.api.delete(kind, land.place, name, found["metadata"]["uid"])
    assert await land.delete("AuthlyClient", "shop") == {}
