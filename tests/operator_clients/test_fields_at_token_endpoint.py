"""Fields of an AuthlyClient, set, edited and removed, by what the token endpoint then answers."""

import asyncio
from dataclasses import dataclass

import jwt
import pytest
from tests.operator_clients.landscape import Landscape, answer, is_ready
from tests.operator_clients.people import HOME, newcomer, registered
from tests.operator_clients.test_client_fields import PEOPLE


pytestmark = pytest.mark.control_plane


@dataclass(frozen=True)
class Told:
    """What a client learns of its token, or why it gets none."""

    error: str = ""
    scopes: frozenset[str] = frozenset()
    audience: tuple[str, ...] = ()
    seconds: int = 0


async def told(land: Landscape) -> Told:
    """What the client gets for what its Secret holds."""
    data = await land.data("shop-oauth")
    status, got = land.token(data["client_id"], data["client_secret"])
    if status != 200:
        return Told(error=got["error"])
    claims = jwt.decode(got["access_token"], options={"verify_signature": False})
    audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    scopes = frozenset(got["scope"].split())
    return Told("", scopes, tuple(audience), got["expires_in"])


API, OTHER = "https://api.example", "https://other.example"


async def test_the_scopes_of_a_token_are_the_clients(land: Landscape) -> None:
    await land.client("shop", scopes=["read"])
    assert (await told(land)).scopes == {"read"}
    assert is_ready(await land.edit("shop", scopes=["read", "write"]))
    assert (await told(land)).scopes == {"read", "write"}
    assert is_ready(await land.edit("shop", scopes=None))
    assert (await told(land)).scopes == frozenset()


async def test_the_audience_of_a_token_is_the_clients_or_else_the_issuer(land: Landscape) -> None:
    await land.client("shop", audiences=[API])
    assert (await told(land)).audience == (API,)
    assert is_ready(await land.edit("shop", audiences=[API, OTHER]))
    assert (await told(land)).audience == (API, OTHER)
    assert is_ready(await land.edit("shop", audiences=None))
    assert (await told(land)).audience == (land.database.instance.server.issuer,)


async def test_a_lifetime_is_that_of_the_tokens(land: Landscape) -> None:
    await land.client("plain")
    data = await land.data("plain-oauth")
    usual = land.token(data["client_id"], data["client_secret"])[1]["expires_in"]
    await land.client("shop", tokens={"accessTokenTTL": "60s"})
    assert (await told(land)).seconds == 60
    await land.edit("shop", tokens={"accessTokenTTL": "2m"})
    assert (await told(land)).seconds == 120
    await land.edit("shop", tokens=None)
    assert (await told(land)).seconds == usual


async def test_a_client_that_is_not_enabled_gets_nothing(land: Landscape) -> None:
    await land.client("shop", enabled=False)
    assert (await told(land)).error == "invalid_client"
    assert is_ready(await land.edit("shop", enabled=True))
    assert (await told(land)).error == ""
    await land.edit("shop", enabled=False)
    assert (await told(land)).error == "invalid_client"
    assert is_ready(await land.edit("shop", enabled=None))
    assert (await told(land)).error == ""


async def test_a_grant_type_that_is_not_there_is_refused(land: Landscape) -> None:
    await land.client("shop", **PEOPLE)
    assert (await told(land)).error == "unauthorized_client"
    await land.edit("shop", grantTypes=[*PEOPLE["grantTypes"], "client_credentials"])
    assert (await told(land)).error == ""
    await land.edit("shop", grantTypes=PEOPLE["grantTypes"])
    assert (await told(land)).error == "unauthorized_client"


async def test_a_client_authenticates_by_its_method_and_no_other(land: Landscape) -> None:
    await land.client("shop")
    data = await land.data("shop-oauth")
    pair = {key: data[key] for key in ("client_id", "client_secret")}
    form = {"grant_type": "client_credentials"}

    def accepted() -> tuple[bool, bool]:
        post = land.database.instance.http.post
        basic = (pair["client_id"], pair["client_secret"])
        ways = (post("/token", data=form, auth=basic), post("/token", data=form | pair))
        return answer(ways[0])[0] == 200, answer(ways[1])[0] == 200

    assert accepted() == (True, False)
    assert is_ready(await land.edit("shop", auth={"method": "ClientSecretPost"}))
    assert accepted() == (False, True)
    assert is_ready(await land.edit("shop", auth=None))
    assert accepted() == (True, False)


async def test_the_name_of_a_client_is_the_resources_or_its_own(land: Landscape) -> None:
    await land.client("shop", clientId=f"{land.place}-web")
    data = await land.data("shop-oauth")
    assert data["client_id"] == f"{land.place}-web"
    assert (await told(land)).error == ""
    await land.client("plain")
    assert (await land.data("plain-oauth"))["client_id"] == f"{land.place}.plain"


async def test_a_refresh_token_lives_as_long_as_the_client_says(land: Landscape) -> None:
    instance = land.database.instance
    scopes = ["read", "offline_access"]
    await land.client("shop", **PEOPLE | {"scopes": scopes}, tokens={"refreshTokenTTL": "1s"})

    async def lives() -> bool:
        shop, browser = await registered(land), newcomer(land)
        code = browser.allow(shop, scope=" ".join(scopes))["code"]
        issued = instance.exchange(code, shop).raise_for_status().json()
        await asyncio.sleep(1.2)
        return instance.refresh(issued["refresh_token"], shop).status_code == 200

    assert not await lives()
    await land.edit("shop", tokens={"refreshTokenTTL": "1h"})
    assert await lives()
    await land.edit("shop", tokens={"refreshTokenTTL": "1s"})
    assert not await lives()
    await land.edit("shop", tokens=None)
    assert await lives()


async def test_a_public_client_shows_no_secret_and_has_none(land: Landscape) -> None:
    made = await land.client("shop", **PEOPLE, type="Public")
    assert is_ready(made), made["status"]
    data = await land.data("shop-oauth")
    assert "client_secret" not in data
    confidential = await land.edit("shop", type=None)
    assert is_ready(confidential), confidential["status"]
    shop = await registered(land)
    code = newcomer(land).allow(shop)["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": HOME}
    refused = land.database.instance.http.post("/token", data=form | {"client_id": shop.client_id})
    assert answer(refused)[1]["error"] == "invalid_client"
