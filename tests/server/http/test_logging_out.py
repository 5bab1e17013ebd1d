"""L13: RP-Initiated Logout, and what nobody can do to a person with it."""

import functools
import time
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest

from throwaway import openid, registration
from throwaway.browser import Browser, has_form, read_form
from throwaway.instance import Instance
from throwaway.registration import RegisteredClient


SESSION = "__Host-authly_session"
# It signs nobody in, and so it outlives the session (see test_login_throttling).
DEVICE = "__Host-authly_device"
HOME = "https://openid-shop.example/goodbye"
HOME_WITH_QUERY = "https://openid-shop.example/goodbye?from=authly"
EVE = "eve@example.org"
SignedIn = tuple[Browser, str]


@pytest.fixture(scope="module")
def shop(instance: Instance) -> RegisteredClient:
    registration.add_user(instance.database_url, EVE)
    return openid.apply_client(
        instance, "openid-shop", post_logout_redirect_uris=[HOME, HOME_WITH_QUERY]
    )


@pytest.fixture
def sign_in(instance: Instance, shop: RegisteredClient) -> Callable[..., SignedIn]:
    """A browser of somebody who signed in for the shop, and the ID token that it got."""
    return functools.partial(openid.sign_in, instance, shop)


def leave(browser: Browser, **parameters: str) -> httpx.Response:
    return browser.follow(browser.client.get("/logout", params=parameters))


def assert_asked(page: httpx.Response) -> None:
    assert page.status_code == 200
    assert has_form(page, "logout-form")
    assert "Location" not in page.headers


def test_the_client_of_the_session_signs_out_at_once(
    sign_in: Callable[..., SignedIn], shop: RegisteredClient
) -> None:
    browser, id_token = sign_in()
    stolen = dict(browser.cookies)
    answer = leave(browser, id_token_hint=id_token, post_logout_redirect_uri=HOME, state="a b&c")
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"{HOME}?state=a%20b%26c"
    assert set(browser.cookies) == {DEVICE}
    assert not openid.is_signed_in(browser, shop)
    browser.cookies = stolen
    assert not openid.is_signed_in(browser, shop)


def test_a_posted_request_does_the_same(sign_in: Callable[..., SignedIn]) -> None:
    browser, id_token = sign_in()
    form = {"id_token_hint": id_token, "post_logout_redirect_uri": HOME_WITH_QUERY, "state": "s"}
    sent = browser.client.post("/logout", data=form)
    assert sent.headers["Location"].startswith("/logout?")
    assert browser.follow(sent).headers["Location"] == f"{HOME_WITH_QUERY}&state=s"
    assert SESSION not in browser.cookies


def test_an_expired_id_token_still_proves_who_asks(instance: Instance) -> None:
    brief = openid.apply_client(
        instance, "brief", access_token_ttl=1, post_logout_redirect_uris=[HOME]
    )
    browser = instance.browser()
    code = browser.allow(brief, scope="openid")["code"]
    expired = instance.exchange(code, brief).json()["id_token"]
    expires_at = jwt.decode(expired, options={"verify_signature": False})["exp"]
    time.sleep(max(0.0, expires_at - time.time()))
    answer = leave(browser, id_token_hint=expired, post_logout_redirect_uri=HOME)
    assert answer.headers["Location"] == HOME


def test_without_a_redirect_uri_a_page_says_that_it_is_done(
    sign_in: Callable[..., SignedIn],
) -> None:
    browser, id_token = sign_in()
    page = leave(browser, id_token_hint=id_token, client_id="openid-shop")
    assert 'id="logout-done"' in page.text
    assert set(browser.cookies) == {DEVICE}


@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.example/",
        HOME + "/",
        HOME + "?x=1",
        HOME.upper(),
        "https://openid-shop.example/callback",
        "javascript:alert(1)",
        "//evil.example",
        HOME + "\r\nSet-Cookie: a=b",
    ],
)
def test_nobody_is_sent_to_what_is_not_registered_exactly_so(
    sign_in: Callable[..., SignedIn], uri: str
) -> None:
    browser, id_token = sign_in()
    page = leave(browser, id_token_hint=id_token, post_logout_redirect_uri=uri, state="s")
    assert page.status_code == 200
    assert 'id="logout-done"' in page.text
    assert "Location" not in page.headers
    assert SESSION not in browser.cookies


@pytest.mark.parametrize("fault", ["unsigned", "shared secret", "other signature", "no token"])
def test_a_hint_that_we_did_not_sign_is_as_good_as_none(
    sign_in: Callable[..., SignedIn], shop: RegisteredClient, fault: str
) -> None:
    browser, id_token = sign_in()
    page = leave(
        browser,
        id_token_hint=openid.forge(id_token)[fault],
        client_id=shop.client_id,
        post_logout_redirect_uri=HOME,
        state="s",
    )
    assert_asked(page)
    assert openid.is_signed_in(browser, shop)
    done = browser.submit(page, decision="sign-out")
    assert 'id="logout-done"' in done.text
    assert "Location" not in done.headers
    assert not openid.is_signed_in(browser, shop)


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"client_id": "openid-shop", "post_logout_redirect_uri": HOME},
        {"logout_hint": "ada@example.org", "ui_locales": "de"},
    ],
)
def test_without_a_hint_the_person_is_asked_and_led_nowhere(
    sign_in: Callable[..., SignedIn], shop: RegisteredClient, parameters: dict[str, str]
) -> None:
    browser, _ = sign_in()
    page = leave(browser, **parameters)
    assert_asked(page)
    assert openid.is_signed_in(browser, shop)
    assert "Location" not in browser.submit(page, decision="sign-out").headers
    assert SESSION not in browser.cookies


def test_a_hint_of_another_client_than_the_one_named_is_not_believed(
    instance: Instance, sign_in: Callable[..., SignedIn]
) -> None:
    openid.apply_client(instance, "other", post_logout_redirect_uris=[HOME])
    browser, id_token = sign_in()
    page = leave(browser, id_token_hint=id_token, client_id="other", post_logout_redirect_uri=HOME)
    assert_asked(page)
    assert "Location" not in browser.submit(page, decision="sign-out").headers


def test_a_hint_at_somebody_else_or_another_session_asks_first(
    sign_in: Callable[..., SignedIn], shop: RegisteredClient
) -> None:
    browser, _ = sign_in()
    _, of_eve = sign_in(EVE)
    _, elsewhere = sign_in()
    pages = [
        leave(browser, id_token_hint=id_token, post_logout_redirect_uri=HOME)
        for id_token in (of_eve, elsewhere)
    ]
    for page in pages:
        assert_asked(page)
        assert "Openid-Shop" in page.text
        assert openid.is_signed_in(browser, shop)
    # The client is known, only not that the person wants it: once they do, they are led back.
    assert browser.submit(pages[0], decision="sign-out").headers["Location"] == HOME


def test_whoever_stays_is_still_signed_in(
    sign_in: Callable[..., SignedIn], shop: RegisteredClient
) -> None:
    browser, _ = sign_in()
    page = leave(browser)
    assert 'id="logout-declined"' in browser.submit(page, decision="stay").text
    assert openid.is_signed_in(browser, shop)


@pytest.mark.parametrize(
    "spoilt", [{"csrf": ""}, {"csrf": "0" * 64}, {"csrf": "é"}], ids=["none", "wrong", "not ASCII"]
)
def test_a_form_that_we_did_not_show_signs_nobody_out(
    sign_in: Callable[..., SignedIn], shop: RegisteredClient, spoilt: dict[str, str]
) -> None:
    browser, _ = sign_in()
    answer = browser.submit(leave(browser), **{"decision": "sign-out"} | spoilt)
    assert answer.status_code == 400
    assert openid.is_signed_in(browser, shop)


def test_the_form_of_one_session_is_none_for_another(
    sign_in: Callable[..., SignedIn], shop: RegisteredClient
) -> None:
    victim, _ = sign_in()
    attacker, _ = sign_in(EVE)
    form = read_form(leave(attacker))
    answer = victim.client.post("/logout", data=form.fields | {"decision": "sign-out"})
    assert answer.status_code == 400
    assert openid.is_signed_in(victim, shop)


def test_who_is_not_signed_in_goes_straight_on(
    instance: Instance, sign_in: Callable[..., SignedIn]
) -> None:
    _, id_token = sign_in()
    stranger = instance.browser()
    answer = leave(stranger, id_token_hint=id_token, post_logout_redirect_uri=HOME, state="s")
    assert answer.headers["Location"] == f"{HOME}?state=s"
    assert 'id="logout-done"' in leave(stranger, post_logout_redirect_uri=HOME).text


def test_a_disabled_client_leads_nobody_anywhere(instance: Instance) -> None:
    former = openid.apply_client(instance, "former", post_logout_redirect_uris=[HOME])
    browser = instance.browser()
    code = browser.allow(former, scope="openid")["code"]
    id_token = instance.exchange(code, former).json()["id_token"]
    openid.apply_client(instance, "former", enabled=False, post_logout_redirect_uris=[HOME])
    assert_asked(leave(browser, id_token_hint=id_token, post_logout_redirect_uri=HOME))


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("state=a&state=b", 400),
        ("id_token_hint=%", 400),
        ("id_token_hint=%00", 400),
        ("id_token_hint=" + "x" * 17_000, 400),
        ("state=" + "s" * 5000, 400),
        ("unknown=1&id_token_hint=", 200),
    ],
)
def test_a_malformed_request_is_a_page_and_signs_nobody_out(
    sign_in: Callable[..., SignedIn], shop: RegisteredClient, query: str, status: int
) -> None:
    browser, _ = sign_in()
    answer = browser.client.get(f"/logout?{query}")
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("text/html")
    assert openid.is_signed_in(browser, shop)


def test_the_pages_cannot_be_framed(sign_in: Callable[..., SignedIn]) -> None:
    browser, _ = sign_in()
    asked = leave(browser)
    done = browser.submit(asked, decision="sign-out")
    for page in (asked, done):
        assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
        assert page.headers["X-Frame-Options"] == "DENY"
        assert page.headers["Cache-Control"] == "no-store"


def test_transactions_of_the_browser_are_forgotten_too(
    instance: Instance, sign_in: Callable[..., SignedIn], shop: RegisteredClient
) -> None:
    browser, id_token = sign_in()
    consent = browser.authorize(shop, scope="openid", prompt="consent")
    leave(browser, id_token_hint=id_token)
    assert browser.submit(consent, decision="allow").status_code == 400
    assert instance.server.issuer


def test_a_logout_without_the_database_is_told_so(
    instance: Instance, sign_in: Callable[..., SignedIn]
) -> None:
    browser, id_token = sign_in()
    instance.execute("ALTER TABLE authly.logout_notices RENAME TO away")
    try:
        answer = leave(browser, id_token_hint=id_token, post_logout_redirect_uri=HOME)
        assert answer.status_code == 503
        assert SESSION in browser.cookies
    finally:
        instance.execute("ALTER TABLE authly.away RENAME TO logout_notices")
    answer = leave(browser, id_token_hint=id_token, post_logout_redirect_uri=HOME, state="é ?")
    assert parse_qs(urlsplit(answer.headers["Location"]).query) == {"state": ["é ?"]}
