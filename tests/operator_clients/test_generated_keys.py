"""Clients whose key pair the operator draws: their Secret proves them, and nothing else does."""

import json
from typing import Any

import jwt
import pytest
from tests.operator_clients.landscape import Landscape, condition, is_ready
from tests.operator_clients.rotations import lapse, write
from tests.operator_clients.test_client_fields import assertion

from authly_operator.clock import SystemClock
from authly_operator.entropy import draw
from authly_operator.material import client_key


pytestmark = pytest.mark.control_plane
GENERATED: dict[str, Any] = {
    "auth": {"method": "PrivateKeyJwt", "privateKeyJwt": {"generate": True}}
}


def proves(land: Landscape, pem: str, name: str = "shop") -> bool:
    """Whether the client gets a token by that private key, as a library would ask for it."""
    key = jwt.algorithms.ECAlgorithm(jwt.algorithms.ECAlgorithm.SHA256).prepare_key(pem)
    shown = assertion(land, f"{land.place}.{name}", key)  # type: ignore[arg-type]
    return land.proves(shown["client_assertion"], name)


async def test_a_client_proves_itself_by_the_key_in_its_secret(land: Landscape) -> None:
    made = await land.client("shop", **GENERATED)
    assert is_ready(made), made["status"]
    status, reason, message = condition(made, "CredentialsVerified")
    assert (status, reason) == ("True", "CredentialsAccepted")
    assert "signed by private_key" in message
    data = await land.data("shop-oauth")
    assert "client_secret" not in data
    assert proves(land, data["private_key"])
    jwk = jwt.PyJWK(json.loads(data["private_key_jwk"]))
    assert jwk.key.private_numbers() == client_key._load(data["private_key"]).private_numbers()
    again = await land.tell("AuthlyClient", "shop")
    assert again["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]


async def test_the_private_key_is_nowhere_but_in_the_secret(land: Landscape) -> None:
    made = await land.client("shop", **GENERATED)
    data = await land.data("shop-oauth")
    registered = land.database.fetch(
        "SELECT jwks::text FROM authly.clients WHERE client_id = %s", f"{land.place}.shop"
    )
    private = json.loads(data["private_key_jwk"])["d"]
    (public,) = json.loads(registered)["keys"]
    assert "d" not in public
    assert private not in f"{registered}{made}"
    assert public["kid"] == json.loads(data["private_key_jwk"])["kid"]


async def test_a_client_without_a_grant_of_its_own_is_verified_too(land: Landscape) -> None:
    people: dict[str, Any] = {
        "grantTypes": ["authorization_code", "refresh_token"],
        "redirectUris": ["https://shop.example/callback"],
    }
    made = await land.client("shop", **people, **GENERATED)
    assert is_ready(made), made["status"]
    assert condition(made, "CredentialsVerified")[1] == "CredentialsAccepted"


async def test_a_deleted_secret_comes_back_with_the_same_key(land: Landscape) -> None:
    await land.client("shop", **GENERATED)
    before = await land.data("shop-oauth")
    found = await land.api.get("Secret", land.place, "shop-oauth")
    assert found is not None
    await land.api.delete("Secret", land.place, "shop-oauth", found["metadata"]["uid"])
    assert is_ready(await land.tell("AuthlyClient", "shop"))
    assert await land.data("shop-oauth") == before


@pytest.mark.parametrize("spoilt", ["", "-----BEGIN PRIVATE KEY-----", "garbage"])
async def test_a_key_that_is_of_no_use_is_replaced(land: Landscape, spoilt: str) -> None:
    await land.client("shop", **GENERATED)
    patch = {"stringData": {"private_key": spoilt}}
    await land.api.merge("Secret", land.place, "shop-oauth", patch)
    again = await land.tell("AuthlyClient", "shop")
    assert is_ready(again), again["status"]
    assert proves(land, (await land.data("shop-oauth"))["private_key"])


async def test_another_key_written_into_the_secret_takes_its_place(land: Landscape) -> None:
    made = await land.client("shop", **GENERATED)
    await land.client("other", **GENERATED)
    former = (await land.data("shop-oauth"))["private_key"]
    another = (await land.data("other-oauth"))["private_key"]
    await land.api.merge(
        "Secret", land.place, "shop-oauth", {"stringData": {"private_key": another}}
    )
    edited = await land.tell("AuthlyClient", "shop")
    assert is_ready(edited), edited["status"]
    assert edited["status"]["verified"] != made["status"]["verified"]
    assert proves(land, another)
    assert proves(land, former), "an edit has an overlap, as one of a client secret"
    lapse(land, "shop", "24 hours")
    await land.tell("AuthlyClient", "shop")
    assert proves(land, another)
    assert not proves(land, former)


async def test_a_client_goes_from_a_secret_to_a_key_and_back(land: Landscape) -> None:
    await land.client("shop")
    secret = (await land.data("shop-oauth"))["client_secret"]
    keyed = await land.edit("shop", **GENERATED)
    assert is_ready(keyed), keyed["status"]
    data = await land.data("shop-oauth")
    assert "client_secret" not in data
    assert not await land.works("shop", secret)
    back = await land.edit("shop", auth=None)
    assert is_ready(back), back["status"]
    assert "private_key" not in await land.data("shop-oauth")
    assert await land.works("shop")
    assert not proves(land, data["private_key"])


async def test_a_key_that_was_left_proves_nothing_when_its_method_comes_back(
    land: Landscape,
) -> None:
    await land.client("shop", **GENERATED)
    await land.client("other", **GENERATED)
    another = (await land.data("other-oauth"))["private_key"]
    await write(land, "shop-oauth", another, "private_key")
    assert is_ready(await land.tell("AuthlyClient", "shop"))
    assert proves(land, another)
    assert is_ready(await land.edit("shop", auth=None))
    assert not {"private_key", "private_key_jwk"} & set(await land.data("shop-oauth"))
    again = await land.edit("shop", **GENERATED)
    assert is_ready(again), again["status"]
    assert proves(land, (await land.data("shop-oauth"))["private_key"])
    assert not proves(land, another)


async def test_the_key_goes_by_the_names_of_the_template(land: Landscape) -> None:
    keys = {"clientId": "id", "privateKey": "tls.key"}
    made = await land.client("shop", secretTemplate={"keys": keys}, **GENERATED)
    assert is_ready(made), made["status"]
    data = await land.data("shop-oauth")
    assert set(data) == {"id", "tls.key"}
    assert proves(land, data["tls.key"])


async def test_each_assertion_of_the_operator_is_good_once(land: Landscape) -> None:
    await land.client("shop", **GENERATED)
    pem, issuer = (await land.data("shop-oauth"))["private_key"], land.database.instance.server
    shown = client_key.assertion(
        pem, f"{land.place}.shop", issuer.issuer, SystemClock().now(), draw(16).hex()
    )
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": shown,
    }
    http = land.database.instance.http
    assert [http.post("/token", data=form).status_code for _ in range(2)] == [200, 401]
