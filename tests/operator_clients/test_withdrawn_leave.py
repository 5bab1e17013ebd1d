"""A client of another namespace works only as long as its server admits that namespace."""

from typing import Any

import pytest
from tests.operator_clients.landscape import Landscape, condition, is_ready


pytestmark = pytest.mark.control_plane
SAME: dict[str, Any] = {"from": "Same"}


async def admit(land: Landscape, rule: dict[str, Any]) -> None:
    await land.api.merge(
        "AuthlyServer", land.place, "main", {"spec": {"allowedClients": {"namespaces": rule}}}
    )


async def test_a_client_whose_leave_is_withdrawn_is_disabled_and_says_so_until_it_is_back(
    land: Landscape,
) -> None:
    apps = f"{land.place}-apps"
    await land.namespace(apps)
    refused = await land.client("shop", apps)
    assert condition(refused, "Accepted")[:2] == ("False", "NamespaceNotAdmitted")
    assert await land.data("shop-oauth", apps) == {}, "no Secret for a client that is refused"
    await admit(land, {"from": "All"})
    assert is_ready(await land.tell("AuthlyClient", "shop", apps))
    data = await land.data("shop-oauth", apps)
    identity = data["client_id"], data["client_secret"]
    assert land.token(*identity)[0] == 200
    await admit(land, SAME)
    withdrawn = await land.tell("AuthlyClient", "shop", apps)
    assert land.token(*identity)[1]["error"] == "invalid_client"
    status, reason, message = condition(withdrawn, "Accepted")
    assert (status, reason) == ("False", "NamespaceNotAdmitted")
    assert message.startswith("the client is disabled: ")
    assert "spec.allowedClients.namespaces.from: Same" in message
    assert condition(withdrawn, "Ready")[1] == "NamespaceNotAdmitted"
    still = await land.tell("AuthlyClient", "shop", apps)
    assert still["metadata"]["resourceVersion"] == withdrawn["metadata"]["resourceVersion"]
    await admit(land, {"from": "All"})
    assert is_ready(await land.tell("AuthlyClient", "shop", apps))
    assert land.token(*identity)[0] == 200


async def test_the_client_of_somebody_else_is_not_disabled(land: Landscape) -> None:
    await land.client("shop", clientId=f"{land.place}-shared")
    apps = f"{land.place}-apps"
    await land.namespace(apps)
    await land.client("shop", apps, clientId=f"{land.place}-shared")
    assert await land.works("shop")
