"""A15, A25, A26, A30 to A33: the conversation with a person, and what ends it."""

import itertools
import string

import httpx
import pytest
from lxml import html

from throwaway import registration
from throwaway.browser import Browser, asking, has_form, read_form, told
from throwaway.instance import Instance
from throwaway.registration import EMAIL, PASSWORD, RegisteredClient


SECRETS = {"username": EMAIL, "password": PASSWORD}


_numbers = itertools.count(1)


@pytest.fixture
def newcomer(instance: Instance) -> RegisteredClient:
    """A client whom nobody has consented to."""
    return instance.apply_client(f"newcomer-{next(_numbers)}")


@pytest.fixture
def browser(instance: Instance) -> Browser:
    """A browser of someone who signed in a while ago."""
    browser = instance.browser()
    browser.sign_in(browser.authorize(instance.shop))
    return browser


@pytest.fixture
def consent(instance: Instance, browser: Browser) -> httpx.Response:
    return browser.authorize(instance.shop, prompt="consent")


def grants(instance: Instance) -> int:
    return int(instance.fetch("SELECT count(*) FROM authly.grants"))


def test_signing_in_and_consenting_leads_to_a_code(
    instance: Instance, newcomer: RegisteredClient
) -> None:
    browser = instance.browser()
    page = browser.authorize(newcomer)
    assert has_form(page, "login-form")
    page = browser.sign_in(page)
    assert has_form(page, "consent-form")
    answer = browser.submit(page, decision="allow")
    assert answer.status_code == 303
    assert instance.exchange(told(answer)["code"], newcomer).status_code == 200
    assert not [name for name in browser.cookies if "txn" in name]


def test_who_is_responsible_is_told_in_plain_text_and_briefly(instance: Instance) -> None:
    people = ["<i>a</i>@shop.example", "b@shop.example\u202e", "c@shop.example", "d@shop.example"]
    client = instance.apply_client("with-contacts", contacts=people)
    browser = instance.browser()
    page = browser.sign_in(browser.authorize(client))
    (shown,) = html.fromstring(page.text).cssselect("#contacts")
    assert str(shown.text) == "<i>a</i>@shop.example, b@shop.example, c@shop.example"


def test_denying_tells_the_client_and_writes_nothing(
    instance: Instance, browser: Browser, consent: httpx.Response
) -> None:
    before = grants(instance)
    answer = browser.submit(consent, decision="deny")
    assert answer.status_code == 303
    assert told(answer) | {"error_description": ""} == {
        "error": "access_denied",
        "error_description": "",
        "state": "the state",
        "iss": instance.server.issuer,
    }
    assert grants(instance) == before


def test_consent_is_remembered_for_what_was_consented_to(instance: Instance) -> None:
    fresh = instance.apply_client("fresh")
    browser = instance.browser()
    browser.allow(fresh, scope="read")
    assert "code" in told(browser.authorize(fresh, scope="read"))
    assert has_form(browser.authorize(fresh, scope="read profile"), "consent-form")
    browser.allow(fresh, scope="profile")
    assert "code" in told(browser.authorize(fresh, scope="read profile"))


def test_a_client_may_ask_for_consent_again(consent: httpx.Response) -> None:
    assert has_form(consent, "consent-form")


def test_the_page_says_who_asks_for_what(instance: Instance) -> None:
    hostile = instance.apply_client(
        "hostile", display_name='<b>Bank</b>\u202e "x"', client_uri="javascript:alert(1)"
    )
    browser = instance.browser()
    page = browser.sign_in(browser.authorize(hostile, scope="profile read"))
    assert "&lt;b&gt;Bank&lt;/b&gt; &#34;x&#34;" in page.text
    assert "\u202e" not in page.text
    assert "javascript:" not in page.text
    assert "Read access to user data" in page.text
    assert "Access to user profile information" in page.text
    assert '<strong id="destination">hostile.example</strong>' in page.text
    assert EMAIL in page.text


@pytest.mark.parametrize("step", ["login", "consent"])
def test_redirects_after_a_post_are_303(
    instance: Instance, newcomer: RegisteredClient, step: str
) -> None:
    browser = instance.browser()
    page = browser.authorize(newcomer)
    if step == "consent":
        page = browser.sign_in(page)
    form = read_form(page)
    answer = browser.client.post(form.action, data=form.fields | SECRETS | {"decision": "allow"})
    assert answer.status_code == 303


@pytest.mark.parametrize("step", ["login", "consent", "error"])
def test_pages_cannot_be_framed_and_load_nothing(
    instance: Instance, newcomer: RegisteredClient, step: str
) -> None:
    browser = instance.browser()
    page = browser.authorize(newcomer)
    if step == "consent":
        page = browser.sign_in(page)
    if step == "error":
        page = browser.client.get("/authorize")
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script-src" not in policy
    assert page.headers["X-Frame-Options"] == "DENY"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Cache-Control"] == "no-store"
    assert "Strict-Transport-Security" in page.headers
    assert "Access-Control-Allow-Origin" not in page.headers
    assert "http://" not in page.text
    assert "src=" not in page.text


def test_a_second_submission_of_one_consent_is_told_so_and_writes_nothing(
    instance: Instance, browser: Browser, consent: httpx.Response
) -> None:
    cookies = dict(browser.cookies)
    assert "code" in told(browser.submit(consent, decision="allow"))
    before = grants(instance)
    browser.cookies = cookies  # as when both were sent before either was answered
    again = browser.submit(consent, decision="allow")
    assert again.status_code == 409
    assert 'id="error-explanation"' in again.text
    browser.cookies.pop(f"__Host-authly_txn_{read_form(consent).fields['transaction']}")
    assert browser.submit(consent, decision="allow").status_code == 409
    assert grants(instance) == before


def test_allowing_again_on_a_page_that_stayed_open_is_told_kindly(instance: Instance) -> None:
    """A private-use scheme opens an application, and the browser stays where it was."""
    app = instance.apply_client(
        "app", auth_method="none", redirect_uris=["com.example.app:/callback"]
    )
    browser = instance.browser()
    consent = browser.sign_in(browser.authorize(app))
    code = told(browser.submit(consent, decision="allow"))["code"]
    again = browser.submit(consent, decision="allow")
    assert again.status_code == 409
    assert "This was answered already" in again.text
    assert "You can close this page." in again.text
    assert instance.exchange(code, app).status_code == 200
    # Nobody else learns that there was such a request.
    other = instance.browser()
    registration.add_user(instance.database_url, "eve@example.org")
    other.sign_in(other.authorize(instance.shop), "eve@example.org")
    for stranger in (other, instance.browser()):
        assert stranger.submit(consent, decision="allow").status_code == 400


def test_cookies_need_no_quotes(browser: Browser, consent: httpx.Response) -> None:
    """RFC 6265 section 4.1.1: of characters that no program has to quote or to encode."""
    assert has_form(consent, "consent-form")
    allowed = set(string.ascii_letters + string.digits + "-_")
    assert len(browser.cookies) > 1
    assert all(set(value) <= allowed for value in browser.cookies.values())


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"csrf": ""}, id="no token"),
        pytest.param({"csrf": "0" * 64}, id="wrong token"),
        pytest.param({"csrf": "é"}, id="token not ASCII"),
        pytest.param({"transaction": "0" * 32}, id="unknown transaction"),
        pytest.param({"transaction": ""}, id="no transaction"),
        pytest.param({"transaction": "../../x"}, id="transaction that is no id"),
        pytest.param({"decision": ""}, id="no decision"),
        pytest.param({"decision": "maybe"}, id="another decision"),
    ],
)
def test_a_consent_form_that_we_did_not_show_issues_nothing(
    instance: Instance, browser: Browser, consent: httpx.Response, fields: dict[str, str]
) -> None:
    before = grants(instance)
    answer = browser.submit(consent, **{"decision": "allow"} | fields)
    assert answer.status_code == 400
    assert "Location" not in answer.headers
    assert grants(instance) == before


def test_the_token_of_the_sign_in_form_is_none_for_consenting(
    instance: Instance, newcomer: RegisteredClient
) -> None:
    browser = instance.browser()
    login = browser.authorize(newcomer)
    token = read_form(login).fields["csrf"]
    consent = browser.sign_in(login)
    assert browser.submit(consent, decision="allow", csrf=token).status_code == 400


def test_a_consent_form_is_void_once_somebody_else_has_signed_in(
    instance: Instance, browser: Browser, consent: httpx.Response
) -> None:
    registration.add_user(instance.database_url, "eve@example.org")
    browser.sign_in(browser.authorize(instance.shop, prompt="login"), "eve@example.org")
    before = grants(instance)
    assert browser.submit(consent, decision="allow").status_code == 400
    assert grants(instance) == before


def test_a_request_may_be_posted(instance: Instance, newcomer: RegisteredClient) -> None:
    browser = instance.browser()
    page = browser.follow(browser.client.post("/authorize", data=asking(newcomer)))
    assert has_form(page, "login-form")
    consent = browser.sign_in(page)
    assert "code" in told(browser.submit(consent, decision="allow"))


def test_a_posted_request_of_more_than_64_kilobytes_is_refused(instance: Instance) -> None:
    answer = instance.http.post("/authorize", data=asking(instance.shop, state="s" * 70_000))
    assert answer.status_code == 413
    assert 'id="error-explanation"' in answer.text


def test_a_posted_request_is_refused_like_any_other(instance: Instance) -> None:
    answer = instance.http.post("/authorize", data=asking(instance.shop, scope="no-such"))
    assert answer.status_code == 303
    assert told(answer)["error"] == "invalid_scope"


@pytest.mark.parametrize("name", ["next", "redirect", "return_to", "RelayState"])
def test_no_parameter_leads_anywhere_else(
    instance: Instance, newcomer: RegisteredClient, name: str
) -> None:
    browser = instance.browser()
    page = browser.authorize(newcomer)
    answer = browser.submit(page, **SECRETS | {name: "https://evil.example/"})
    assert has_form(answer, "consent-form")


@pytest.mark.parametrize("path", ["/authorize", "/login", "/consent"])
def test_a_head_request_signs_nobody_in(instance: Instance, path: str) -> None:
    answer = instance.http.head(path, params=asking(instance.shop))
    assert answer.status_code == 405
