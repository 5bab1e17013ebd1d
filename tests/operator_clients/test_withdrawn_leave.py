"""A client works only as long as its server admits its namespace, and what it may do."""

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


async def allow(land: Landscape, **rules: Any) -> None:
    await land.api.merge("AuthlyServer", land.place, "main", {"spec": {"allowedClients": rules}})


RULES = [
    ("scopes", ["openid"], ["openid", "read"], "ScopeNotAllowed"),
    ("grantTypes", ["authorization_code"], ["client_credentials"], "GrantTypeNotAllowed"),
    ("redirectHosts", ["shop.example"], ["*.apps.example"], "RedirectHostNotAllowed"),
    ("maxAccessTokenTTL", "30m", "2h", "AccessTokenTTLTooLong"),
]
WIDE: dict[str, Any] = {
    "grantTypes": ["client_credentials", "authorization_code"],
    "redirectUris": ["https://web.apps.example/callback"],
    "tokens": {"accessTokenTTL": "1h"},
}


@pytest.mark.parametrize(("rule", "narrow", "wide", "reason"), RULES, ids=[r[0] for r in RULES])
async def test_a_rule_that_a_client_breaks_disables_it_by_name_until_it_is_changed(
    land: Landscape, rule: str, narrow: Any, wide: Any, reason: str
) -> None:
    assert is_ready(await land.client("shop", **WIDE))
    await allow(land, **{rule: narrow})
    refused = await land.tell("AuthlyClient", "shop")
    status, told, message = condition(refused, "Accepted")
    assert (status, told) == ("False", reason)
    assert message.startswith(f"the client is disabled: spec.allowedClients.{rule} of AuthlyServer")
    assert condition(refused, "Ready")[1] == reason
    assert not await land.works("shop")
    if rule == "grantTypes":
        wide = [*WIDE["grantTypes"]]
    await allow(land, **{rule: wide})
    assert is_ready(await land.tell("AuthlyClient", "shop"))
    assert await land.works("shop")


async def test_an_edit_beyond_the_rules_is_refused_and_what_was_registered_before_goes_on(
    land: Landscape,
) -> None:
    await allow(land, scopes=["read"], grantTypes=["client_credentials"])
    assert is_ready(await land.client("shop"))
    refused = await land.edit("shop", scopes=["read", "write"])
    status, reason, message = condition(refused, "Accepted")
    assert (status, reason) == ("False", "ScopeNotAllowed")
    assert message.startswith("the edit is refused, and what was registered before goes on: ")
    assert not is_ready(refused)
    data = await land.data("shop-oauth")
    identity = data["client_id"], data["client_secret"]
    assert land.token(*identity)[1]["scope"] == "read"
    assert land.token(*identity, scope="write")[1]["error"] == "invalid_scope"
    await land.edit("shop", enabled=False)
    assert not await land.works("shop"), "switching off needs nobody's leave"


async def test_a_client_that_never_had_leave_gets_neither_row_nor_secret(land: Landscape) -> None:
    await allow(land, grantTypes=["authorization_code"])
    refused = await land.client("shop")
    assert condition(refused, "Accepted")[:2] == ("False", "GrantTypeNotAllowed")
    assert await land.data("shop-oauth") == {}
    row = "SELECT 1 FROM authly.clients WHERE client_id = %s"
    assert land.database.fetch(row, f"{land.place}.shop") is None


async def test_the_client_of_somebody_else_is_not_disabled(land: Landscape) -> None:
    await land.client("shop", clientId=f"{land.place}-shared")
    apps = f"{land.place}-apps"
    await land.namespace(apps)
    await land.client("shop", apps, clientId=f"{land.place}-shared")
    assert await land.works("shop")
