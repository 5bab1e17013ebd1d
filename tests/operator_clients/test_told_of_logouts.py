"""backchannelLogoutUri, set, edited and removed, by who is told when somebody has signed out."""

import asyncio
from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest
from tests.operator_clients.landscape import Landscape, is_ready
from tests.operator_clients.people import newcomer, registered
from tests.operator_clients.test_client_fields import PEOPLE

from throwaway.publisher import Publisher


pytestmark = pytest.mark.control_plane
PATIENCE = 60.0
"""Seconds until a logout is told: the server does so in the background."""
WAITING = (
    "SELECT count(*) FROM authly.logout_notices AS notice JOIN authly.clients AS client"
    " ON client.id = notice.client_id WHERE client.client_id LIKE %s"
)
OPENID: dict[str, Any] = PEOPLE | {"scopes": ["openid"]}


def listener(land: Landscape, host: Publisher, name: str) -> str:
    """A URL that takes whatever it is told."""
    return host.publish(f"/{land.place}/{name}", b"")


def told(land: Landscape, host: Publisher, name: str) -> int:
    """How often that listener was told something."""
    return host.asked[f"/{land.place}/{name}"]


async def sign_out_of(land: Landscape, host: Publisher, *clients: str) -> None:
    """Somebody comes from each of them and signs out; over once everybody has been told.

    The client `witness` is told each time.
    """
    instance, browser = land.database.instance, newcomer(land)
    for name in ("witness", *clients):
        client = await registered(land, name)
        code = browser.allow(client, scope="openid")["code"]
        instance.exchange(code, client).raise_for_status()
    before = told(land, host, "witness")
    browser.submit(browser.client.get("/logout"), decision="sign-out")
    async with asyncio.timeout(PATIENCE):
        while (  # noqa: ASYNC110
            told(land, host, "witness") == before or land.database.fetch(WAITING, f"{land.place}.%")
        ):
            await asyncio.sleep(0.1)


async def test_a_logout_is_told_where_the_resource_says(land: Landscape, host: Publisher) -> None:
    urls = {name: listener(land, host, name) for name in ("witness", "first", "second")}
    await land.client("witness", **OPENID, backchannelLogoutUri=urls["witness"])
    await land.client("shop", **OPENID, backchannelLogoutUri=urls["first"])

    async def heard() -> tuple[int, int]:
        before = told(land, host, "first"), told(land, host, "second")
        await sign_out_of(land, host, "shop")
        return told(land, host, "first") - before[0], told(land, host, "second") - before[1]

    assert await heard() == (1, 0)
    tokens = [parse_qs(body.decode())["logout_token"][0] for body in host.bodies]
    claims = [jwt.decode(text, options={"verify_signature": False}) for text in tokens]
    assert [each["aud"] for each in claims].count(f"{land.place}.shop") == 1
    assert is_ready(await land.edit("shop", backchannelLogoutUri=urls["second"]))
    assert await heard() == (0, 1)
    assert is_ready(await land.edit("shop", backchannelLogoutUri=None))
    assert await heard() == (0, 0)


async def test_a_logout_is_told_by_https_alone(land: Landscape) -> None:
    with pytest.raises(Exception, match="backchannelLogoutUri"):
        await land.client("shop", **OPENID, backchannelLogoutUri="http://shop.shops.svc/logout")
