"""Clients of people as the operator has registered them, and browsers in which people sign in."""

from tests.operator_clients.landscape import Landscape

from throwaway.browser import Browser
from throwaway.registration import RegisteredClient


HOME = "https://shop.example/callback"


async def registered(land: Landscape, name: str = "shop", uri: str = HOME) -> RegisteredClient:
    """The client as its pods know it."""
    data = await land.data(f"{name}-oauth")
    spec = {
        "client_id": data["client_id"],
        "auth_method": "client_secret_basic",
        "redirect_uris": [uri],
    }
    return RegisteredClient(spec, data["client_secret"])


def newcomer(land: Landscape) -> Browser:
    """A browser in which nobody is signed in."""
    return land.database.instance.browser()
