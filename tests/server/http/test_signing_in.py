"""A16, L1 and L3 to L7, L11: who signs in, what is refused, and which cookie they get."""

import asyncio
import unicodedata

import httpx
import pytest

from throwaway import registration
from throwaway.browser import Browser, has_form, read_form, told
from throwaway.instance import Instance
from throwaway.registration import EMAIL, PASSWORD


SESSION = "__Host-authly_session"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def browser(instance: Instance) -> Browser:
    return instance.browser()


@pytest.fixture
def page(instance: Instance, browser: Browser) -> httpx.Response:
    return browser.authorize(instance.shop)


def assert_refused(page: httpx.Response, browser: Browser) -> None:
    """The form again, with the one message there is, and nobody signed in."""
    assert page.status_code == 400
    assert 'id="login-error"' in page.text
    assert SESSION not in browser.cookies


@pytest.mark.parametrize(
    "username",
    [
        pytest.param(EMAIL, id="as it is"),
        pytest.param(EMAIL.upper(), id="upper case"),
        pytest.param(f"  {EMAIL} ", id="spaces around it"),
        pytest.param("\uff41da@example.org", id="full-width letter"),
    ],
)
def test_spellings_of_one_name_are_that_name(
    browser: Browser, page: httpx.Response, username: str
) -> None:
    assert has_form(browser.sign_in(page, username), "consent-form")


@pytest.mark.parametrize(
    "username",
    [
        pytest.param("nobody@example.org", id="unknown"),
        pytest.param("\u0430da@example.org", id="Cyrillic letter"),
        pytest.param("a\u200bda@example.org", id="zero-width space"),
        pytest.param("ada@example.org\u202e", id="turned around"),
        pytest.param("ada@example.org\t", id="tab"),
        pytest.param("", id="nothing"),
        pytest.param("x" * 10_000, id="10 KB"),
        pytest.param("' OR 1=1 --", id="SQL"),
        pytest.param("ada@example.org\ud7ff", id="unassigned character"),
    ],
)
def test_what_only_looks_like_the_name_is_not(
    browser: Browser, page: httpx.Response, username: str
) -> None:
    assert_refused(browser.sign_in(page, username), browser)


@pytest.mark.parametrize(
    "password",
    [
        pytest.param("wrong", id="wrong"),
        pytest.param(PASSWORD.upper(), id="upper case"),
        pytest.param(PASSWORD + " ", id="trailing space"),
        pytest.param("", id="nothing"),
        pytest.param("p" * 1025, id="1025 bytes"),
        pytest.param(PASSWORD + "x" * 72, id="longer than bcrypt reads"),
        pytest.param("\x07", id="control character"),
    ],
)
def test_a_wrong_password_is_refused(browser: Browser, page: httpx.Response, password: str) -> None:
    assert_refused(browser.sign_in(page, password=password), browser)


def test_a_password_that_is_too_long_is_not_hashed(
    instance: Instance, browser: Browser, page: httpx.Response
) -> None:
    cost = {}
    for length in (1024, 1025):
        before = instance.server.cpu_seconds
        for _ in range(4):
            browser.sign_in(page, password="p" * length)
        cost[length] = instance.server.cpu_seconds - before
    assert cost[1025] < cost[1024] / 2


def test_a_password_of_ten_megabytes_is_refused_by_its_length(
    browser: Browser, page: httpx.Response
) -> None:
    answer = browser.sign_in(page, password="p" * 10_000_000)
    assert answer.status_code == 413
    assert 'id="error-explanation"' in answer.text


def test_a_password_is_the_same_composed_or_decomposed(instance: Instance) -> None:
    browser = instance.browser()
    decomposed = unicodedata.normalize("NFD", "pässwörd für alle")
    composed = unicodedata.normalize("NFC", decomposed)
    registration.add_user(instance.database_url, "nina@example.org", password=composed)
    signed_in = browser.sign_in(browser.authorize(instance.shop), "nina@example.org", decomposed)
    assert has_form(signed_in, "consent-form")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(b"username=%00", 400, id="NUL"),
        pytest.param(b"username=%ed%a0%80", 400, id="lone surrogate"),
        pytest.param(b"username=%ff", 400, id="invalid UTF-8"),
        pytest.param(b"username=\xff", 400, id="raw invalid UTF-8"),
        pytest.param(b"username=a&username=b", 400, id="twice"),
        pytest.param(b"", 400, id="nothing"),
    ],
)
@pytest.mark.parametrize("path", ["/login", "/consent"])
def test_a_form_that_is_no_text_is_refused_on_a_page(
    instance: Instance, path: str, body: bytes, status: int
) -> None:
    answer = instance.http.post(path, content=body, headers=FORM)
    assert answer.status_code == status
    assert 'id="error-explanation"' in answer.text


def test_an_unknown_user_and_a_wrong_password_look_the_same_and_cost_the_same(
    instance: Instance,
) -> None:
    """By the time of the processor, which is the one thing that other load leaves alone."""
    cost, bodies = {}, set()
    for username in (EMAIL, "nobody@example.org"):
        browser = instance.browser()
        page = browser.authorize(instance.shop)
        before = instance.server.cpu_seconds
        answer, *_ = [browser.sign_in(page, username, "wrong") for _ in range(8)]
        cost[username] = instance.server.cpu_seconds - before
        text = answer.text
        for varying in (*read_form(page).fields.values(), username):
            text = text.replace(varying, "*")
        bodies.add((answer.status_code, text))
    assert len(bodies) == 1
    known, unknown = cost.values()
    assert 0.7 < known / unknown < 1.4


def test_a_disabled_user_is_told_no_more_than_anybody(
    instance: Instance, browser: Browser, page: httpx.Response
) -> None:
    instance.execute("UPDATE authly.users SET enabled = false WHERE email = %s", EMAIL)
    try:
        assert_refused(browser.sign_in(page), browser)
    finally:
        instance.execute("UPDATE authly.users SET enabled = true")


def test_the_session_cookie_is_for_this_host_and_no_script(
    browser: Browser, page: httpx.Response
) -> None:
    form = read_form(page)
    sent = form.fields | {"username": EMAIL, "password": PASSWORD}
    answer = browser.client.post(form.action, data=sent)
    (header,) = (each for each in answer.headers.get_list("Set-Cookie") if each.startswith(SESSION))
    attributes = {part.strip().lower() for part in header.split(";")[1:]}
    assert {"secure", "httponly", "samesite=lax", "path=/"} <= attributes
    assert not any(attribute.startswith("domain") for attribute in attributes)


def test_signing_in_gives_a_new_session_and_ends_the_former_one(
    instance: Instance, browser: Browser, page: httpx.Response
) -> None:
    fixed = "as_" + "A" * 43
    browser.cookies[SESSION] = fixed
    browser.sign_in(page)
    first = browser.cookies[SESSION]
    assert first != fixed
    browser.sign_in(browser.authorize(instance.shop, prompt="login"))
    second = browser.cookies[SESSION]
    assert second != first
    browser.cookies[SESSION] = first
    assert has_form(browser.authorize(instance.shop), "login-form")


def test_the_database_holds_no_session_that_could_be_presented(
    instance: Instance, browser: Browser, page: httpx.Response
) -> None:
    browser.sign_in(page)
    cookie = browser.cookies[SESSION]
    held = instance.fetch("SELECT string_agg(sessions::text, ' ') FROM authly.sessions")
    assert cookie not in held
    assert cookie.removeprefix("as_") not in held


def test_an_expired_session_is_none(
    instance: Instance, browser: Browser, page: httpx.Response
) -> None:
    browser.sign_in(page)
    instance.execute("UPDATE authly.sessions SET expires_at = now()")
    assert has_form(browser.authorize(instance.shop), "login-form")


@pytest.mark.parametrize("cookie", ["", "x", "as_", "x" * 4000, "é", '"', "as_\udcff"])
def test_a_hostile_session_cookie_is_none(instance: Instance, cookie: str) -> None:
    header = f"{SESSION}={cookie}".encode("utf-8", "surrogateescape")
    page = instance.http.get(
        "/authorize?client_id=shop&response_type=code", headers=[(b"Cookie", header)]
    )
    assert page.status_code == 303
    browser = instance.browser()
    login = browser.authorize(instance.shop)
    form = read_form(login)
    jar = b"; ".join([header, *(f"{k}={v}".encode() for k, v in browser.cookies.items())])
    answer = instance.http.post(
        form.action,
        data=form.fields | {"username": EMAIL, "password": PASSWORD},
        headers=[(b"Cookie", jar)],
    )
    assert answer.status_code == 303


def test_using_another_account_asks_to_sign_in_again(
    instance: Instance, browser: Browser, page: httpx.Response
) -> None:
    consent = browser.sign_in(page)
    (link,) = (
        part.split('"')[0] for part in consent.text.split('href="') if "switch=1" in part[:200]
    )
    again = browser.client.get(link.replace("&amp;", "&"))
    assert has_form(again, "login-form")


def test_a_failed_sign_in_can_be_tried_again(
    instance: Instance, browser: Browser, page: httpx.Response
) -> None:
    failed = browser.sign_in(page, password="wrong")
    consent = browser.sign_in(failed)
    assert "code" in told(browser.submit(consent, decision="allow"))
    assert instance.metric("authly_oauth_authorizations_total", result="granted") > 0


async def test_a_flood_of_sign_ins_is_turned_away_and_hinders_nobody_else(
    instance: Instance, browser: Browser, page: httpx.Response
) -> None:
    """A hash is slow on purpose: what cannot be done soon is not queued without an end."""
    form = read_form(page)
    sent = form.fields | {"username": EMAIL, "password": "wrong"}
    cookies = {"Cookie": "; ".join(f"{name}={value}" for name, value in browser.cookies.items())}
    async with httpx.AsyncClient(base_url=instance.server.base_url, timeout=30) as http:
        flood = [http.post(form.action, data=sent, headers=cookies) for _ in range(80)]
        *answers, document = await asyncio.gather(*flood, http.get("/jwks"))
    assert document.status_code == 200
    assert {answer.status_code for answer in answers} == {400, 503}
    turned_away = next(answer for answer in answers if answer.status_code == 503)
    assert int(turned_away.headers["Retry-After"]) > 0
    assert not has_form(browser.sign_in(page), "login-form")
