"""Clients that publish their keys: the server asks where the resource says, and nowhere else."""

import json
from typing import Any

import pytest
from tests.operator_clients.landscape import Landscape, is_ready

from throwaway.publisher import Publisher
from throwaway.signer import Signer


pytestmark = pytest.mark.control_plane


def at(url: str) -> dict[str, Any]:
    """Authentication by the keys that are published there."""
    return {"method": "PrivateKeyJwt", "privateKeyJwt": {"jwksUri": url}}


def publish(host: Publisher, land: Landscape, name: str) -> tuple[Signer, str]:
    """A new key, and the URL of it."""
    signer = Signer.draw()
    return signer, host.publish(f"/{land.place}/{name}", json.dumps(signer.jwks()).encode())


def proves(land: Landscape, signer: Signer) -> bool:
    """Whether the client gets a token by that key."""
    claims = signer.claims(f"{land.place}.shop", land.database.instance.server.issuer)
    return land.proves(signer.sign(claims), "shop")


async def test_a_client_proves_itself_by_what_it_publishes_where_the_resource_says(
    land: Landscape, host: Publisher
) -> None:
    first, url = publish(host, land, "first")
    second, other = publish(host, land, "second")
    made = await land.client("shop", auth=at(url))
    assert is_ready(made), made["status"]
    assert "client_secret" not in await land.data("shop-oauth")
    assert (proves(land, first), proves(land, second)) == (True, False)
    assert host.asked[f"/{land.place}/second"] == 0
    edited = await land.edit("shop", auth=at(other))
    assert is_ready(edited), edited["status"]
    assert (proves(land, first), proves(land, second)) == (False, True)


async def test_published_keys_are_asked_for_no_more_once_there_are_others(
    land: Landscape, host: Publisher
) -> None:
    published, url = publish(host, land, "keys")
    await land.client("shop", auth=at(url))
    assert proves(land, published)
    own = Signer.draw()
    named = {"jwksUri": None, "jwks": json.dumps(own.jwks())}
    assert is_ready(await land.edit("shop", auth={"privateKeyJwt": named}))
    assert (proves(land, published), proves(land, own)) == (False, True)
    back = await land.edit("shop", auth=None)
    assert is_ready(back), back["status"]
    assert await land.works("shop")
    assert (proves(land, published), proves(land, own)) == (False, False)
