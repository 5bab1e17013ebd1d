"""What administrators see and change of clients, and what they see of scopes."""

import concurrent.futures
import json
from typing import Any

import psycopg
import pytest
from tests.server.http import administering
from tests.server.http.administering import Desk

from throwaway import registration
from throwaway.instance import problem
from throwaway.registration import RegisteredClient


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return administering.SETTINGS | {"DYNAMIC_REGISTRATION": "open"}


def orphan(desk: Desk, client_id: str, **spec: Any) -> RegisteredClient:
    """A client whose AuthlyClient is gone, and has left it to nobody."""
    client = desk.apply_console(client_id, **spec)
    desk.instance.execute("UPDATE authly.clients SET owner = NULL WHERE client_id = %s", client_id)
    return client


def audited(desk: Desk, client_id: str) -> list[tuple[str, Any]]:
    """The events of a client that came by the administrators' API, the youngest first."""
    entries = desk.get("/audit", params={"client_id": client_id}).json()["items"]
    return [(each["event"], each["detail"]) for each in entries if "by" in each["detail"]]


def test_a_client_is_told_with_its_manager_and_without_what_proves_it(desk: Desk) -> None:
    answer = desk.get("/clients/shop")
    assert answer.status_code == 200
    told = answer.json()
    dated = {told.pop("created_at"), told.pop("updated_at")}
    assert all(each.endswith("Z") for each in dated)
    assert told == {
        "client_id": "shop",
        "display_name": "Shop",
        "type": "confidential",
        "auth_method": "client_secret_basic",
        "grant_types": ["authorization_code", "client_credentials", "refresh_token"],
        "redirect_uris": ["https://shop.example/callback"],
        "scopes": ["profile", "read"],
        "audiences": ["https://api.example"],
        "enabled": True,
        "origin": "operator",
        "managed_by": "default/shop",
        "require_pkce": True,
        "dpop_bound": False,
        "access_token_ttl": None,
        "refresh_token_ttl": None,
        "client_uri": None,
        "contacts": [],
        "last_used_on": None,
    }
    assert answer.headers["ETag"].strip('"').isdecimal()


def test_every_client_is_in_the_list_once_whatever_its_parts(desk: Desk) -> None:
    for number in range(7):
        desk.instance.apply_client(f"one-of-{number}")
    known = desk.instance.fetch("SELECT json_agg(client_id ORDER BY client_id) FROM authly.clients")
    for limit in (1, 3, 200):
        parts = desk.pages("/clients", limit)
        assert [each["client_id"] for part in parts for each in part] == known
        assert all(len(part) == limit for part in parts[:-1])


def test_who_comes_or_goes_meanwhile_makes_nobody_else_appear_twice_or_not_at_all(
    desk: Desk,
) -> None:
    for name in ("m1", "m2", "m3", "m4"):
        desk.instance.apply_client(name)
    first = desk.get("/clients", params={"limit": "200"}).json()["items"]
    seen: list[str] = []
    query = {"limit": "1"}
    while True:
        told = desk.get("/clients", params=query).json()
        seen += [each["client_id"] for each in told["items"]]
        if seen[-1] == "m2":
            desk.instance.apply_client("a-before")
            desk.instance.execute("DELETE FROM authly.clients WHERE client_id IN ('m2', 'm3')")
        if "next" not in told:
            break
        query["after"] = told["next"]
    wanted = [each["client_id"] for each in first if each["client_id"] != "m3"]
    assert seen == wanted


def test_a_client_is_disabled_and_enabled_at_once_and_it_is_written_down_by_whom(
    desk: Desk,
) -> None:
    left = orphan(desk, "left")
    token = desk.token_of(left, "read")
    answer = desk.change("/clients/left", {"enabled": False})
    assert answer.status_code == 200
    assert answer.json()["enabled"] is False
    form = {"grant_type": "client_credentials"}
    assert problem(desk.instance.post("/token", left, **form)) == (401, "invalid_client")
    assert not desk.instance.is_active(token, desk.instance.shop)
    again = desk.change("/clients/left", {"enabled": True}, answer.headers["ETag"])
    assert again.json()["enabled"] is True
    assert again.headers["ETag"] == desk.get("/clients/left").headers["ETag"]
    desk.token_of(left, "read")
    user_id = desk.instance.fetch("SELECT id::text FROM authly.users WHERE is_admin")
    by = {"by": {"client_id": "console", "user_id": user_id}}
    assert audited(desk, "left") == [("client_enabled", by), ("client_disabled", by)]


def test_every_process_hears_of_a_change_and_forgets_what_it_knows(desk: Desk) -> None:
    orphan(desk, "announced")
    etag = desk.get("/clients/announced").headers["ETag"]
    with psycopg.connect(desk.instance.database_url, autocommit=True) as listening:
        listening.execute("LISTEN authly_changed")
        assert desk.change("/clients/announced", {"enabled": False}, etag).status_code == 200
        assert desk.change("/clients/announced", {"enabled": False}, etag).status_code == 412
        heard = [each.payload for each in listening.notifies(timeout=60, stop_after=1)]
    assert heard == ["client:announced"]


def test_a_client_that_registered_itself_is_kept_out_whatever_it_says_of_itself(desk: Desk) -> None:
    grant_types = ["authorization_code", "refresh_token"]
    said = {"redirect_uris": ["https://new.example/callback"], "grant_types": grant_types}
    registered = desk.instance.http.post("/register", json=said).raise_for_status().json()
    client_id, token = registered["client_id"], registered["registration_access_token"]
    told = desk.get(f"/clients/{client_id}").json()
    assert (told["origin"], told["managed_by"]) == ("dynamic", None)
    assert desk.change(f"/clients/{client_id}", {"enabled": False}).json()["enabled"] is False
    own = {"client_id": client_id, "client_name": "Let me in", **said}
    headers = {"Authorization": f"Bearer {token}"}
    answer = desk.instance.http.put(f"/register/{client_id}", json=own, headers=headers)
    assert answer.status_code == 200
    told = desk.get(f"/clients/{client_id}").json()
    assert (told["display_name"], told["enabled"]) == ("Let me in", False)


def test_a_client_that_administers_is_named_in_the_log_without_a_person(desk: Desk) -> None:
    orphan(desk, "by-machine")
    etag = desk.get("/clients/by-machine").headers["ETag"]
    headers = {"If-Match": etag}
    token = desk.token_of(desk.console)
    answer = desk.ask(
        "PATCH", "/clients/by-machine", token, json={"enabled": False}, headers=headers
    )
    assert answer.status_code == 200
    assert audited(desk, "by-machine") == [("client_disabled", {"by": {"client_id": "console"}})]


def test_what_is_so_already_is_told_and_written_down_nowhere(desk: Desk) -> None:
    orphan(desk, "as-it-is")
    etag = desk.get("/clients/as-it-is").headers["ETag"]
    answer = desk.change("/clients/as-it-is", {"enabled": True})
    assert (answer.status_code, answer.headers["ETag"]) == (200, etag)
    assert audited(desk, "as-it-is") == []


def test_what_an_authly_client_says_is_changed_there_and_its_name_is_told(desk: Desk) -> None:
    desk.apply_console("kept")
    answer = desk.change("/clients/kept", {"enabled": False})
    assert problem(answer) == (409, "invalid_request")
    assert "the AuthlyClient default/kept" in answer.json()["error_description"]
    assert desk.get("/clients/kept").json()["enabled"] is True
    assert audited(desk, "kept") == []


def test_an_authly_client_that_has_left_its_client_behind_speaks_for_it_no_more(
    desk: Desk,
) -> None:
    desk.apply_console("behind", deletion_policy="orphan")
    sweep = ("behind", "default/behind", 1)
    swept = registration.call(desk.instance.database_url, "sweep_client", *sweep)
    assert swept["outcome"] == "Released"
    assert desk.get("/clients/behind").json()["managed_by"] is None
    assert desk.change("/clients/behind", {"enabled": False}).status_code == 200


def test_a_change_of_what_nobody_has_looked_at_is_refused(desk: Desk) -> None:
    orphan(desk, "unseen")
    for headers, status in (
        ({}, 428),
        ({"If-Match": "*"}, 428),
        ({"If-Match": '"1"'}, 412),
        ({"If-Match": "W/" + desk.get("/clients/unseen").headers["ETag"]}, 412),
        ({"If-Match": "x" * 2000}, 400),
    ):
        answer = desk.ask("PATCH", "/clients/unseen", json={"enabled": False}, headers=headers)
        assert problem(answer) == (status, "invalid_request")
    assert desk.get("/clients/unseen").json()["enabled"] is True
    assert audited(desk, "unseen") == []


def test_one_of_several_versions_that_were_looked_at_is_enough(desk: Desk) -> None:
    orphan(desk, "several")
    etag = desk.get("/clients/several").headers["ETag"]
    answer = desk.change("/clients/several", {"enabled": False}, f'"1", {etag}, W/"2"')
    assert answer.status_code == 200


def test_of_twenty_who_have_looked_at_the_same_exactly_one_changes_it(desk: Desk) -> None:
    orphan(desk, "contended")
    token, etag = desk.token, desk.get("/clients/contended").headers["ETag"]
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        asked = [
            pool.submit(
                desk.ask,
                *("PATCH", "/clients/contended", token),
                json={"enabled": False},
                headers={"If-Match": etag},
            )
            for _ in range(20)
        ]
        statuses = sorted(each.result().status_code for each in asked)
    assert statuses == [200] + [412] * 19
    assert [event for event, _ in audited(desk, "contended")] == ["client_disabled"]


def test_who_looked_before_the_operator_took_it_over_changes_nothing(desk: Desk) -> None:
    orphan(desk, "adopted")
    etag = desk.get("/clients/adopted").headers["ETag"]
    desk.apply_console("adopted", adopt=True)
    answer = desk.change("/clients/adopted", {"enabled": False}, etag)
    assert problem(answer) == (409, "invalid_request")
    assert desk.get("/clients/adopted").json()["enabled"] is True


def test_a_client_of_any_name_is_found_by_it(desk: Desk) -> None:
    for name in ("https://app.example/client?a=b", "a b", "100%", "a%2Fb", "..", '"', "~"):
        orphan(desk, name)
        escaped = "".join(f"%{byte:02X}" for byte in name.encode())
        answer = desk.get(f"/clients/{escaped}")
        assert answer.json()["client_id"] == name
        assert desk.change(f"/clients/{escaped}", {"enabled": False}).status_code == 200
        assert desk.get(f"/clients/{escaped}").json()["enabled"] is False


@pytest.mark.parametrize(
    "name",
    ["nobody", "%00", "%FF", "%ED%A0%80", "1%0D%0AX:y", "shop/", "shop/x", "%27--", "a" * 9000],
)
def test_a_client_that_there_is_not_is_not_found(desk: Desk, name: str) -> None:
    answer = desk.get(f"/clients/{name}")
    assert problem(answer) == (404, "invalid_request")
    headers = {"If-Match": '"1"'}
    answer = desk.ask("PATCH", f"/clients/{name}", json={"enabled": True}, headers=headers)
    assert problem(answer) == (404, "invalid_request")


def test_scopes_are_told_by_name_with_all_that_is_said_of_them(desk: Desk) -> None:
    registration.apply_scope(
        desk.instance.database_url,
        "orders",
        description="Your orders",
        descriptions={"de": "Ihre Bestellungen"},
        claims=["phone_number", "email"],
        is_sensitive=True,
    )
    told = [each for part in desk.pages("/scopes", 3) for each in part]
    names = [each["name"] for each in told]
    assert names == sorted(names)
    assert {"admin", "openid", "orders"} <= set(names)
    assert told[names.index("orders")] == {
        "name": "orders",
        "description": "Your orders",
        "descriptions": {"de": "Ihre Bestellungen"},
        "is_default": False,
        "is_sensitive": True,
        "claims": ["email", "phone_number"],
    }


def test_nothing_that_is_told_of_clients_could_be_presented(desk: Desk) -> None:
    told = json.dumps(desk.pages("/clients", 200))
    for column in ("secret", "digest", "jwks"):
        assert f'"{column}' not in told
