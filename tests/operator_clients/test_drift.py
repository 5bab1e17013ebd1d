"""Rows that somebody changes in the database: seen at the next look, put back or reported."""

from typing import Any

import pytest
from tests.operator_clients.landscape import Landscape, condition, is_ready


pytestmark = pytest.mark.control_plane
REPORT = {"driftPolicy": "Report"}
ROW = "WHERE client_id = %s"
DELETION = "DELETE FROM authly.clients WHERE client_id = %s"


def change(land: Landscape, columns: str, name: str = "shop") -> None:
    statement = f"UPDATE authly.clients SET {columns}, updated_at = now() {ROW}"  # noqa: S608 - ours
    land.database.execute(statement, f"{land.place}.{name}")


def column(land: Landscape, columns: str, name: str = "shop") -> Any:
    statement = f"SELECT {columns} FROM authly.clients {ROW}"  # noqa: S608 - ours
    return land.database.fetch(statement, f"{land.place}.{name}")


async def notes(land: Landscape, reason: str) -> list[str]:
    """What events of the test's namespace say for that reason."""
    found = await land.api.list_objects("Event", land.place)
    return [one["note"] for one in found if one["reason"] == reason]


async def test_a_disabled_client_is_enabled_again_with_one_event(land: Landscape) -> None:
    made = await land.client("shop")
    change(land, "enabled = false")
    assert not await land.works("shop")
    back = await land.tell("AuthlyClient", "shop")
    assert is_ready(back), back["status"]
    assert "drift" not in back["status"]
    assert await land.works("shop")
    assert back["status"]["synced"] == made["status"]["synced"]
    await land.tell("AuthlyClient", "shop")
    (note,) = await notes(land, "DriftCorrected")
    assert note.endswith("put back: enabled")


async def test_a_deleted_client_is_registered_again_with_the_same_secret(land: Landscape) -> None:
    await land.client("shop")
    land.database.execute(DELETION, f"{land.place}.shop")
    assert not await land.works("shop")
    back = await land.tell("AuthlyClient", "shop")
    assert is_ready(back), back["status"]
    assert await land.works("shop")
    (note,) = await notes(land, "DriftCorrected")
    assert note.endswith("put back: clientId")


async def test_a_lost_secret_is_registered_again_and_told_nowhere(land: Landscape) -> None:
    await land.client("shop")
    secret = (await land.data("shop-oauth"))["client_secret"]
    land.database.execute(
        "DELETE FROM authly.client_secrets USING authly.clients AS client"
        " WHERE client_secrets.client_id = client.id AND client.client_id = %s",
        f"{land.place}.shop",
    )
    back = await land.tell("AuthlyClient", "shop")
    assert is_ready(back), back["status"]
    assert await land.works("shop", secret)
    (note,) = await notes(land, "DriftCorrected")
    assert note.endswith("put back: auth.secret")
    assert secret not in f"{note}{back}"


async def test_an_edit_of_the_resource_is_no_drift(land: Landscape) -> None:
    await land.client("shop")
    await land.edit("shop", scopes=[], displayName="Shop", enabled=False)
    await land.edit("shop", enabled=True)
    patch = {"stringData": {"client_secret": "edited by hand"}}
    await land.api.merge("Secret", land.place, "shop-oauth", patch)
    await land.tell("AuthlyClient", "shop")
    assert await land.works("shop", "edited by hand")
    assert await notes(land, "DriftCorrected") == []


async def test_what_a_resource_has_no_word_for_is_not_touched(land: Landscape) -> None:
    await land.client("shop")
    change(land, "userinfo_signed_response_alg = 'ES256', default_max_age = 60")
    await land.tell("AuthlyClient", "shop")
    await land.edit("shop", displayName="Shop")
    kept = column(land, "userinfo_signed_response_alg || ' ' || default_max_age")
    assert kept == "ES256 60"
    assert await notes(land, "DriftCorrected") == []


async def test_with_report_a_change_is_told_field_by_field_and_left(land: Landscape) -> None:
    await land.client("shop", **REPORT)
    change(land, "enabled = false, display_name = 'Changed', access_token_ttl = 60")
    told = await land.tell("AuthlyClient", "shop")
    assert told["status"]["drift"] == [
        {"path": "displayName", "desired": '"shop"', "actual": '"Changed"'},
        {"path": "tokens.accessTokenTTL", "desired": "null", "actual": "60"},
        {"path": "enabled", "desired": "true", "actual": "false"},
    ]
    status, reason, message = condition(told, "Synced")
    assert (status, reason) == ("False", "Drifted")
    assert "displayName; tokens.accessTokenTTL; enabled: see status.drift" in message
    assert condition(told, "Ready")[:2] == ("False", "Drifted")
    again = await land.tell("AuthlyClient", "shop")
    assert again["metadata"]["resourceVersion"] == told["metadata"]["resourceVersion"]
    assert not await land.works("shop")
    assert len(await notes(land, "Drifted")) == 1
    change(land, "enabled = true, display_name = 'shop', access_token_ttl = NULL")
    well = await land.tell("AuthlyClient", "shop")
    assert is_ready(well), well["status"]
    assert "drift" not in well["status"]


async def test_with_report_an_edit_is_written_beside_what_is_left(land: Landscape) -> None:
    await land.client("shop", **REPORT)
    change(land, "display_name = 'Changed'")
    await land.tell("AuthlyClient", "shop")
    edited = await land.edit("shop", tokens={"accessTokenTTL": "5m"})
    assert [one["path"] for one in edited["status"]["drift"]] == ["displayName"]
    assert column(land, "display_name || ' ' || access_token_ttl") == "Changed 300"
    named = await land.edit("shop", displayName="Shop")
    assert is_ready(named), named["status"]
    assert column(land, "display_name") == "Shop", "whoever edits the field itself means it"


async def test_with_report_a_deleted_client_stays_deleted_until_it_is_enforced(
    land: Landscape,
) -> None:
    await land.client("shop", **REPORT)
    land.database.execute(DELETION, f"{land.place}.shop")
    told = await land.tell("AuthlyClient", "shop")
    gone = {"path": "clientId", "desired": f'"{land.place}.shop"', "actual": "null"}
    assert told["status"]["drift"] == [gone]
    assert condition(told, "Synced")[:2] == ("False", "Drifted")
    assert column(land, "1") is None
    back = await land.edit("shop", driftPolicy="Enforce")
    assert is_ready(back), back["status"]
    assert await land.works("shop")


async def test_a_database_that_is_away_for_a_while_makes_nobody_forget_what_was_reported(
    land: Landscape,
) -> None:
    await land.client("shop", **REPORT)
    change(land, "display_name = 'Changed'")
    away = {"stringData": {"OPERATOR_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}}
    await land.api.merge("Secret", land.place, "main-credentials", away)
    lost = await land.tell("AuthlyClient", "shop")
    assert condition(lost, "Synced")[:2] == ("False", "DatabaseError")
    back = {"stringData": {"OPERATOR_DATABASE_URL": land.database.operator}}
    await land.api.merge("Secret", land.place, "main-credentials", back)
    told = await land.tell("AuthlyClient", "shop")
    assert [one["path"] for one in told["status"]["drift"]] == ["displayName"]
    assert column(land, "display_name") == "Changed"


async def test_leave_that_was_withdrawn_and_given_back_is_no_drift(land: Landscape) -> None:
    await land.client("shop", **REPORT)
    rules: dict[str, Any] = {"spec": {"allowedClients": {"grantTypes": ["authorization_code"]}}}
    await land.api.merge("AuthlyServer", land.place, "main", rules)
    refused = await land.tell("AuthlyClient", "shop")
    assert "drift" not in refused["status"]
    rules["spec"]["allowedClients"]["grantTypes"] = ["client_credentials"]
    await land.api.merge("AuthlyServer", land.place, "main", rules)
    back = await land.tell("AuthlyClient", "shop")
    assert is_ready(back), back["status"]
    assert await land.works("shop")


async def unwritten(land: Landscape, body: Any) -> None:
    """The status is as it was in that body: the operator died before it wrote another one."""
    now = await land.api.get("AuthlyClient", land.place, body["metadata"]["name"])
    assert now is not None
    await land.api.write_status(now, body["status"])


async def test_an_edit_that_was_written_and_never_told_is_nobodys_drift_when_it_is_taken_back(
    land: Landscape,
) -> None:
    made = await land.client("shop", displayName="Shop")
    await land.edit("shop", displayName="Store")
    await unwritten(land, made)
    back = await land.edit("shop", displayName="Shop")
    assert is_ready(back), back["status"]
    assert column(land, "display_name") == "Shop"
    assert await notes(land, "DriftCorrected") == []
    change(land, "display_name = 'Changed'")
    await land.tell("AuthlyClient", "shop")
    assert column(land, "display_name") == "Shop"
    assert len(await notes(land, "DriftCorrected")) == 1


async def test_with_report_an_edit_that_was_never_told_is_taken_back_all_the_same(
    land: Landscape,
) -> None:
    made = await land.client("shop", displayName="Shop", **REPORT)
    await land.edit("shop", displayName="Store")
    await unwritten(land, made)
    back = await land.edit("shop", displayName="Shop")
    assert is_ready(back), back["status"]
    assert column(land, "display_name") == "Shop"


async def test_what_was_changed_before_one_edit_is_drift_all_the_same(land: Landscape) -> None:
    await land.client("shop", displayName="Shop")
    change(land, "access_token_ttl = 60")
    await land.edit("shop", rotation={"overlap": "1h"})
    (note,) = await notes(land, "DriftCorrected")
    assert note.endswith("put back: tokens.accessTokenTTL")
