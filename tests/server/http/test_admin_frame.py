"""The administrators' API: who is let in, from where, by which token; and what all of it shares."""

import time
from collections.abc import Callable, Iterator

import httpx
import pytest
from tests.server.http import administering, possessing
from tests.server.http.administering import Desk

from throwaway import browser as browsers, registration
from throwaway.instance import problem
from throwaway.registration import EMAIL, RegisteredClient
from throwaway.signer import Signer


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    registering = {"DYNAMIC_REGISTRATION": "open", "DYNAMIC_CLIENT_SCOPES": "admin,read"}
    return administering.SETTINGS | registering | {"TRUSTED_PROXIES": "127.0.0.2"}


def test_the_administrator_is_told_the_keys_and_never_what_they_are_made_of(desk: Desk) -> None:
    answer = desk.get("/keys")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    first = {"kid": "first", "alg": "ES256", "state": "Active", "is_published": True}
    assert answer.json() == {"items": [first, first | {"kid": "rsa", "alg": "RS256"}]}
    assert "PRIVATE" not in answer.text


def test_the_scheme_may_be_written_in_any_case_and_a_head_has_no_body(desk: Desk) -> None:
    headers = {"Authorization": f"bEARER {desk.token}"}
    assert desk.http.get("/admin/v1/keys", headers=headers).status_code == 200
    answer = desk.ask("HEAD", "/keys")
    assert answer.status_code == 200
    assert answer.content == b""


def test_a_client_that_may_have_the_scope_is_let_in_by_itself(desk: Desk) -> None:
    assert desk.get("/keys", desk.token_of(desk.console)).status_code == 200


def test_without_a_token_the_ways_to_present_one_are_told_and_nothing_else(desk: Desk) -> None:
    for headers in ({}, {"Authorization": "Basic YWRhOng="}):
        answer = desk.http.get("/admin/v1/keys", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="authly", DPoP ')
        assert answer.content == b""


@pytest.mark.parametrize("text", ["x", "a.b.c", "aat_" + "x" * 43, "art_x", "é", '"', "x" * 20_000])
def test_what_is_no_token_of_ours_is_invalid(desk: Desk, text: str) -> None:
    headers = [(b"Authorization", b"Bearer " + text.encode())]
    answer = desk.http.get("/admin/v1/keys", headers=headers)
    assert problem(answer) == (401, "invalid_token")
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_a_token_is_sent_in_the_header_and_only_once(desk: Desk) -> None:
    answer = desk.get(f"/keys?access_token={desk.token}")
    assert problem(answer) == (400, "invalid_request")
    twice = [("Authorization", f"Bearer {desk.token}")] * 2
    answer = desk.http.get("/admin/v1/keys", headers=twice)
    assert problem(answer) == (400, "invalid_request")


def test_a_token_without_the_scope_is_not_enough_and_the_scope_is_named(desk: Desk) -> None:
    token = desk.instance.tokens(desk.console, scope="read profile")["access_token"]
    answer = desk.get("/keys", token)
    assert problem(answer) == (403, "insufficient_scope")
    assert 'scope="admin"' in answer.headers["WWW-Authenticate"]


def test_a_token_for_another_resource_server_is_not_good_here(desk: Desk) -> None:
    other = desk.apply_console("other", audiences=["https://api.example"])
    for token in (
        desk.token_of(other),
        desk.instance.tokens(other, scope="admin")["access_token"],
    ):
        assert problem(desk.get("/keys", token)) == (401, "invalid_token")


def test_a_client_that_registered_itself_does_not_administer_whoever_consents(desk: Desk) -> None:
    uri, grants = "https://new.example/callback", ["authorization_code"]
    said = {"redirect_uris": [uri], "grant_types": grants, "token_endpoint_auth_method": "none"}
    answer = desk.instance.http.post("/register", json={**said, "scope": "admin"})
    client_id = answer.raise_for_status().json()["client_id"]
    spec = {"client_id": client_id, "redirect_uris": [uri], "auth_method": "none"}
    tokens = desk.instance.tokens(RegisteredClient(spec, ""), scope="admin")
    assert tokens["scope"] == "admin"
    assert problem(desk.get("/keys", tokens["access_token"])) == (403, "insufficient_scope")


def test_a_token_of_somebody_who_is_no_administrator_is_not_enough(desk: Desk) -> None:
    registration.add_user(desk.instance.database_url, "bob@example.org")
    browser = desk.instance.browser()
    page = browser.authorize(desk.console, scope="admin")
    page = browser.sign_in(page, "bob@example.org")
    code = browsers.told(browser.submit(page, decision="allow"))["code"]
    token = desk.instance.exchange(code, desk.console).raise_for_status().json()["access_token"]
    assert problem(desk.get("/keys", token)) == (403, "insufficient_scope")


def test_administrators_are_no_longer_let_in_once_they_are_none(desk: Desk) -> None:
    token = desk.instance.tokens(desk.console, scope="admin")["access_token"]
    assert desk.get("/keys", token).status_code == 200
    for changed, refused in (
        ("UPDATE authly.users SET is_admin = %s WHERE email = %s", "insufficient_scope"),
        ("UPDATE authly.users SET enabled = %s WHERE email = %s", "invalid_token"),
    ):
        desk.instance.execute(changed, False, EMAIL)
        try:
            answer = desk.get("/keys", token)
        finally:
            desk.instance.execute(changed, True, EMAIL)
        assert problem(answer)[1] == refused
    assert desk.get("/keys", token).status_code == 200


def test_a_client_is_no_longer_let_in_once_it_is_disabled_or_has_lost_the_scope(desk: Desk) -> None:
    machine = desk.apply_console("machine")
    token = desk.token_of(machine)
    assert desk.get("/keys", token).status_code == 200
    desk.apply_console("machine", scopes=["read"])
    assert problem(desk.get("/keys", token)) == (403, "insufficient_scope")
    desk.apply_console("machine", enabled=False)
    assert problem(desk.get("/keys", token)) == (401, "invalid_token")


def test_a_revoked_token_and_one_of_a_revoked_grant_are_refused_at_once(desk: Desk) -> None:
    alone = desk.token_of(desk.console)
    desk.instance.post("/revoke", desk.console, token=alone).raise_for_status()
    assert problem(desk.get("/keys", alone)) == (401, "invalid_token")
    tokens = desk.instance.tokens(desk.console, scope="admin")
    desk.instance.post("/revoke", desk.console, token=tokens["refresh_token"]).raise_for_status()
    assert problem(desk.get("/keys", tokens["access_token"])) == (401, "invalid_token")


def test_a_token_from_a_time_that_a_restore_took_back_is_refused(desk: Desk) -> None:
    token = desk.token_of(desk.console)
    now = int(time.time())
    desk.instance.execute("INSERT INTO authly.token_fences VALUES (%s, %s)", now - 60, now + 60)
    try:
        assert problem(desk.get("/keys", token)) == (401, "invalid_token")
    finally:
        desk.instance.execute("DELETE FROM authly.token_fences")


def test_a_bound_token_needs_a_proof_for_this_very_address_once(desk: Desk) -> None:
    signer = Signer.draw("ES256")
    form = {"grant_type": "client_credentials", "scope": "admin"}
    token = possessing.send(desk.instance, signer, desk.console, **form).json()["access_token"]
    assert problem(desk.get("/keys", token)) == (401, "invalid_token")

    def present(proof: str) -> httpx.Response:
        headers = {"Authorization": f"DPoP {token}", "DPoP": proof}
        return desk.http.get("/admin/v1/keys", headers=headers)

    good = possessing.proof(signer, "/admin/v1/keys", "GET", token)
    assert present(good).status_code == 200
    assert problem(present(good)) == (401, "invalid_dpop_proof")
    elsewhere = possessing.proof(signer, "/admin/v1/users", "GET", token)
    assert problem(present(elsewhere)) == (401, "invalid_dpop_proof")


Ask = Callable[..., httpx.Response]


@pytest.fixture
def from_address(desk: Desk) -> Iterator[Ask]:
    """Ask by a proxy that is believed, for whoever is at an address."""
    transport = httpx.HTTPTransport(local_address="127.0.0.2")
    with httpx.Client(base_url=desk.http.base_url, transport=transport, timeout=30) as proxy:

        def ask(address: str, method: str = "GET", path: str = "/admin/v1/keys") -> httpx.Response:
            headers = {"Authorization": f"Bearer {desk.token}", "X-Forwarded-For": address}
            return proxy.request(method, path, headers=headers)

        yield ask


@pytest.mark.parametrize("address", ["10.0.0.1", "::2", "192.168.1.1, 10.0.0.1", "::ffff:8.8.8.8"])
def test_who_comes_from_elsewhere_is_refused_by_a_good_token_too(
    from_address: Ask, address: str
) -> None:
    answer = from_address(address)
    assert problem(answer) == (403, "access_denied")
    assert "WWW-Authenticate" not in answer.headers


@pytest.mark.parametrize("address", ["127.9.9.9", "::1", "10.0.0.1, 127.0.0.1", "::ffff:127.0.0.9"])
def test_who_comes_by_a_proxy_is_judged_by_the_own_address(from_address: Ask, address: str) -> None:
    assert from_address(address).status_code == 200


def test_an_address_that_a_caller_makes_up_opens_nothing_and_closes_nothing(desk: Desk) -> None:
    assert desk.get("/keys", headers={"X-Forwarded-For": "10.0.0.1"}).status_code == 200


def test_who_comes_from_elsewhere_learns_of_no_path_and_no_method(from_address: Ask) -> None:
    refused = from_address("10.0.0.1").content
    for method, path in (("GET", "/"), ("GET", "/admin/v1/x"), ("DELETE", "/admin/v1/keys")):
        answer = from_address("10.0.0.1", method, path)
        assert problem(answer) == (403, "access_denied")
        assert answer.content == refused


def test_another_path_and_another_method_are_told_before_any_token(desk: Desk) -> None:
    for path in ("/", "/health", "/token", "/metrics", "/admin/v1", "/admin/v1/", "/admin/v1/x"):
        assert problem(desk.http.get(path)) == (404, "invalid_request")
    for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"):
        answer = desk.http.request(method, "/admin/v1/keys")
        assert problem(answer) == (405, "invalid_request")
        assert answer.headers["Allow"] == "GET,HEAD"


def test_no_origin_of_a_script_is_admitted(desk: Desk) -> None:
    answer = desk.get("/keys", headers={"Origin": "https://shop.example"})
    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_the_public_port_has_none_of_it(desk: Desk) -> None:
    headers = {"Authorization": f"Bearer {desk.token}"}
    answer = desk.instance.http.get("/admin/v1/keys", headers=headers)
    assert problem(answer) == (404, "invalid_request")


def test_a_body_where_none_is_taken_is_refused(desk: Desk) -> None:
    answer = desk.ask("GET", "/keys", content=b"{}", headers={"Content-Type": "application/json"})
    assert problem(answer) == (400, "invalid_request")
