"""C1 and A22: clients whose identifier is the URL of a document; nobody has registered them."""

import contextlib

import httpx
import jwt
import pytest
from tests.server.http import authors
from tests.server.http.authors import Author

from throwaway import instance as throwaway_instance, server as throwaway_server
from throwaway.browser import VERIFIER, Browser, asking, has_form, told
from throwaway.instance import Instance, problem
from throwaway.publisher import Publisher
from throwaway.server import ISSUER
from throwaway.signer import Signer


RESOURCE = "https://tools.example"


@pytest.fixture(scope="module")
def settings(reaching: dict[str, str]) -> dict[str, str]:
    return {
        "CACHE_TTL": "0",
        "CLIENT_ID_METADATA_DOCUMENTS": "true",
        "DYNAMIC_CLIENT_SCOPES": "profile,read",
        "DYNAMIC_CLIENT_AUDIENCES": RESOURCE,
        # Consent of a person is needed for these clients whatever this says.
        "REQUIRE_USER_CONSENT": "false",
        **reaching,
    }


@pytest.fixture(scope="module")
def author(host: Publisher) -> Author:
    return Author(host)


@pytest.fixture
def browser(instance: Instance) -> Browser:
    return instance.browser()


def test_a_client_that_nobody_registered_goes_the_whole_way(
    instance: Instance, author: Author, browser: Browser
) -> None:
    client = author.publish()
    code = browser.allow(client, resource=RESOURCE, scope="profile read")["code"]
    first = instance.exchange(code, client)
    assert first.status_code == 200, first.text
    second = instance.refresh(first.json()["refresh_token"], client)
    assert second.status_code == 200
    claims = jwt.decode(second.json()["access_token"], options={"verify_signature": False})
    assert (claims["aud"], claims["client_id"]) == (RESOURCE, client.client_id)
    assert instance.userinfo(second.json()["access_token"]).status_code == 200
    instance.post("/revoke", client, token=second.json()["refresh_token"]).raise_for_status()
    refused = instance.refresh(second.json()["refresh_token"], client)
    assert problem(refused) == (400, "invalid_grant")
    row = "SELECT origin || ':' || type FROM authly.clients WHERE client_id = %s"
    assert instance.fetch(row, client.client_id) == "document:public"


def test_a_document_is_asked_for_once_and_nothing_is_written_before_a_person_consents(
    instance: Instance, author: Author
) -> None:
    client = author.publish()
    for _ in range(3):
        assert has_form(instance.browser().authorize(client), "login-form")
    assert author.host.asked[client.client_id.removeprefix(author.host.url)] == 1
    count = "SELECT count(*) FROM authly.clients WHERE client_id = %s"
    assert instance.fetch(count, client.client_id) == 0


def test_consent_shows_who_publishes_it_and_where_one_goes(
    instance: Instance, author: Author, browser: Browser
) -> None:
    client = author.publish(
        client_name="Your \u202eknab\u202c <b>bank</b>\u200b",
        client_uri="https://bank.example/",
        contacts=["help@bank.example"],
    )
    page = browser.authorize(client)
    host = client.client_id.split("/")[2]
    assert authors.text_at(page, "#client-name") == host
    page = browser.sign_in(page)
    assert authors.text_at(page, "#client-host") == host
    assert authors.text_at(page, "#destination") == "client.example"
    assert authors.text_at(page, "#client-name") == "Your knab <b>bank</b>"
    assert "<b>bank" not in page.text
    # Its own page, or address, would lend it the name of a host that it has not proved to be of.
    assert "bank.example" not in page.text


def test_a_logo_is_neither_shown_nor_fetched(
    instance: Instance, author: Author, browser: Browser
) -> None:
    logo = author.host.publish("/logo.png", b"{}")
    client = author.publish(logo_uri=logo, client_name="With a logo")
    page = browser.sign_in(browser.authorize(client))
    assert "With a logo" in page.text
    assert "logo.png" not in page.text
    assert "<img" not in page.text
    assert "img-src" not in page.headers["Content-Security-Policy"]
    browser.submit(page, decision="allow")
    assert author.host.asked["/logo.png"] == 0


def test_consent_is_asked_although_the_setting_would_spare_it_and_is_remembered(
    instance: Instance, author: Author, browser: Browser
) -> None:
    client = author.publish()
    browser.allow(client)
    assert "code" in told(browser.authorize(client))
    other = author.publish()
    assert has_form(browser.authorize(other), "consent-form")


def test_what_any_program_could_claim_to_be_is_asked_each_time(
    instance: Instance, author: Author, browser: Browser
) -> None:
    client = author.publish(redirect_uris=["http://127.0.0.1/callback", "com.example.app:/back"])
    for uri in ("http://127.0.0.1:4711/callback", "com.example.app:/back"):
        assert browser.allow(client, redirect_uri=uri)["code"]
        assert has_form(browser.authorize(client, redirect_uri=uri), "consent-form")


def test_a_redirect_uri_that_is_not_in_the_document_is_refused(
    instance: Instance, author: Author, browser: Browser
) -> None:
    page = browser.authorize(author.publish(), redirect_uri="https://evil.example/callback")
    assert page.status_code == 400
    assert "Location" not in page.headers


def test_scopes_and_resources_are_those_of_the_setting(
    instance: Instance, author: Author, browser: Browser
) -> None:
    greedy = author.publish(scope="read write admin")
    page = browser.authorize(greedy, scope="read admin")
    assert "invalid_scope" in authors.way_on(page)
    page = browser.authorize(greedy, resource="https://other.example")
    assert "invalid_target" in authors.way_on(page)


def test_pkce_is_required(instance: Instance, author: Author, browser: Browser) -> None:
    page = browser.authorize(author.publish(), code_challenge=None, code_challenge_method=None)
    assert page.status_code == 400
    assert "error=invalid_request" in authors.way_on(page)


def test_the_server_sends_nobody_on_to_such_a_client_by_itself_with_an_error(
    instance: Instance, author: Author, browser: Browser
) -> None:
    client = author.publish()
    for changes in ({"scope": "admin"}, {"response_type": "token"}, {"prompt": "none"}):
        page = browser.authorize(client, **changes)
        assert page.status_code == 400
        assert "Location" not in page.headers
        assert authors.text_at(page, "#destination") == "client.example"
    page = browser.sign_in(browser.authorize(client))
    denied = browser.submit(page, decision="deny")
    assert told(denied)["error"] == "access_denied"


def test_nobody_can_exchange_before_a_person_has_consented(
    instance: Instance, author: Author
) -> None:
    client = author.publish()
    before = author.host.asked.total()
    answer = instance.post("/token", client, grant_type="refresh_token", refresh_token="x")
    assert problem(answer) == (401, "invalid_client")
    assert author.host.asked.total() == before


def test_a_client_proves_itself_by_the_keys_in_its_document(
    instance: Instance, author: Author, browser: Browser
) -> None:
    signer = Signer.draw("ES256")
    client = author.publish(token_endpoint_auth_method="private_key_jwt", jwks=signer.jwks())
    code = browser.allow(client)["code"]
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": client.redirect_uri,
        "code_verifier": VERIFIER,
        "client_id": client.client_id,
    }
    assert problem(instance.http.post("/token", data=form)) == (401, "invalid_client")
    assertion = signer.sign(signer.claims(client.client_id, ISSUER))
    proof = {
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": assertion,
    }
    assert instance.http.post("/token", data=form | proof).status_code == 200


def test_a_client_goes_on_while_its_document_is_away(
    instance: Instance,
    module_database_url: str,
    author: Author,
    browser: Browser,
    settings: dict[str, str],
) -> None:
    client = author.publish()
    tokens = instance.exchange(browser.allow(client)["code"], client).json()
    author.host.withdraw(client.client_id.removeprefix(author.host.url))
    # Another replica, which has no copy of it; the keys of tokens are the same.
    second = throwaway_server.replicate(instance.server)
    with contextlib.closing(second) as other:
        form = {
            "grant_type": "refresh_token",
            "refresh_token": tokens["refresh_token"],
            "client_id": client.client_id,
        }
        assert httpx.post(f"{other.base_url}/token", data=form).status_code == 200
        page = httpx.get(f"{other.base_url}/authorize", params=asking(client))
        assert page.status_code == 400


def test_a_client_that_was_disabled_stays_so(
    instance: Instance, author: Author, browser: Browser
) -> None:
    client = author.publish()
    tokens = instance.exchange(browser.allow(client)["code"], client).json()
    disable = "UPDATE authly.clients SET enabled = false WHERE client_id = %s"
    instance.execute(disable, client.client_id)
    assert browser.authorize(client).status_code == 400
    refused = instance.refresh(tokens["refresh_token"], client)
    assert problem(refused) == (401, "invalid_client")


def test_the_operators_client_of_such_a_name_is_the_operators(
    instance: Instance, author: Author, browser: Browser
) -> None:
    client_id = author.url()
    client = instance.apply_client(client_id, redirect_uris=["https://client.example/callback"])
    assert has_form(browser.authorize(client), "login-form")
    path = client_id.removeprefix(author.host.url)
    assert author.host.asked[path] == 0


def test_metadata_says_that_documents_are_accepted(instance: Instance) -> None:
    told_ = instance.http.get("/.well-known/oauth-authorization-server").json()
    assert told_["client_id_metadata_document_supported"] is True
    # Programs ask for what is promised there, and these may not have all of it.
    assert told_["scopes_supported"] == ["openid", "profile"]


def test_who_asks_for_offline_access_on_sight_gets_everything_else(
    instance: Instance, author: Author, browser: Browser
) -> None:
    client = author.publish()
    code = browser.allow(client, scope="read offline_access", prompt="consent")["code"]
    assert instance.exchange(code, client).json()["scope"] == "read"


def test_without_the_setting_such_a_client_is_unknown(
    instance: Instance,
    module_database_url: str,
    author: Author,
    browser: Browser,
    settings: dict[str, str],
) -> None:
    client = author.publish()
    known = author.publish()
    instance.exchange(browser.allow(known)["code"], known).raise_for_status()
    changed = settings | {"CLIENT_ID_METADATA_DOCUMENTS": "false"}
    with throwaway_instance.running(module_database_url, tls=False, **changed) as second:
        for each in (client, known):
            assert second.browser().authorize(each).status_code == 400
            answer = second.post("/token", each, grant_type="refresh_token", refresh_token="x")
            assert problem(answer) == (401, "invalid_client")
        metadata = second.http.get("/.well-known/oauth-authorization-server").json()
        assert "client_id_metadata_document_supported" not in metadata
        assert "offline_access" in metadata["scopes_supported"]
