"""What becomes of an AuthlyClient, told by what the token endpoint then does."""

import pytest
from tests.operator_clients.landscape import Landscape, is_ready


pytestmark = pytest.mark.control_plane


async def test_a_client_gets_tokens_with_what_its_secret_holds(land: Landscape) -> None:
    made = await land.client("shop")
    assert is_ready(made), made["status"]
    assert await land.works("shop")
    assert not await land.works("shop", "wrong")
