"""T25: a person says which device, and whether it may; nobody guesses a code or sends one."""

from collections.abc import Iterator

import httpx
import pytest
from lxml import html
from tests.server.http import devices

from throwaway import registration
from throwaway.browser import Browser, has_form, read_form
from throwaway.instance import Instance, problem
from throwaway.registration import RegisteredClient


FORGET = "DELETE FROM authly.attempts"
GRANTS = "SELECT count(*) FROM authly.grants"


@pytest.fixture(scope="module")
def tv(instance: Instance) -> RegisteredClient:
    return devices.register(instance)


@pytest.fixture
def browser(instance: Instance) -> Browser:
    """A browser of someone who is signed in, and has tried nothing yet."""
    browser = instance.browser()
    devices.visit(browser)
    return browser


@pytest.fixture(autouse=True)
def _no_tries(instance: Instance) -> Iterator[None]:
    yield
    instance.execute(FORGET)


def wrong_code(number: int) -> str:
    return "".join("BCDFGHJKLM"[int(digit)] for digit in f"{number:08}")


def fails(page: httpx.Response) -> bool:
    """Whether it is the form for the code again, with an error."""
    return page.status_code == 400 and 'id="code-error"' in page.text


def is_error(page: httpx.Response, status: int = 400) -> bool:
    return page.status_code == status and 'id="error-title"' in page.text


def test_whoever_is_not_signed_in_signs_in_first(instance: Instance, tv: RegisteredClient) -> None:
    browser, code = instance.browser(), devices.begin(instance, tv)["user_code"]
    page = browser.client.get("/device")
    assert has_form(page, "login-form")
    assert page.headers["Cache-Control"] == "no-store"
    page = browser.sign_in(page)
    assert has_form(page, "device-code-form")
    assert has_form(browser.submit(page, user_code=code), "device-consent-form")


def test_a_wrong_password_is_told_and_can_be_corrected(instance: Instance) -> None:
    browser = instance.browser()
    failed = browser.sign_in(browser.client.get("/device"), password="wrong")
    assert failed.status_code == 400
    assert 'id="login-error"' in failed.text
    assert has_form(browser.sign_in(failed), "device-code-form")


def test_a_link_with_the_code_fills_it_in_and_sends_nothing(
    instance: Instance, tv: RegisteredClient
) -> None:
    browser, begun = instance.browser(), devices.begin(instance, tv)
    complete = begun["verification_uri_complete"].removeprefix(instance.server.issuer)
    page = browser.sign_in(browser.client.get(complete))
    assert f'value="{begun["user_code"]}"' in page.text
    assert not html.document_fromstring(page.text).cssselect("script")
    again = browser.client.get(complete)
    assert has_form(again, "device-code-form")
    answer = devices.poll(instance, tv, begun["device_code"])
    assert problem(answer) == (400, "authorization_pending")


def test_the_question_names_client_scopes_and_code(
    instance: Instance, tv: RegisteredClient, browser: Browser
) -> None:
    code = devices.begin(instance, tv, scope="read profile")["user_code"]
    page = html.document_fromstring(browser.submit(devices.visit(browser), user_code=code).text)
    assert page.cssselect("#client-name")[0].text == "Tv"
    assert page.cssselect("#user-code")[0].text == code
    scopes = page.cssselect("#scopes code")
    assert [each.text for each in scopes] == ["profile", "read"]
    assert page.cssselect("#username")


@pytest.mark.parametrize(
    "spell",
    [
        pytest.param(str.lower, id="lower case"),
        pytest.param(lambda code: code.replace("-", ""), id="in one"),
        pytest.param(lambda code: f"  {code.replace('-', ' ')} ", id="spaces"),
        pytest.param(lambda code: "-".join(code.replace("-", "").lower()), id="hyphens"),
    ],
)
def test_a_code_may_be_typed_in_any_case_and_however_divided(
    instance: Instance, tv: RegisteredClient, browser: Browser, spell: object
) -> None:
    code = devices.begin(instance, tv)["user_code"]
    assert callable(spell)
    page = browser.submit(devices.visit(browser), user_code=spell(code))
    assert has_form(page, "device-consent-form")


@pytest.mark.parametrize(
    "code", ["x", "AEIOUAEI", "BCDFGHJKL", "\uff22CDFGHJK", "é" * 8, "'; DROP --", "x" * 5000]
)
def test_what_can_be_no_code_is_no_try(instance: Instance, browser: Browser, code: str) -> None:
    page = browser.submit(devices.visit(browser), user_code=code)
    assert fails(page)
    assert "DROP" not in page.text
    assert instance.fetch("SELECT coalesce(max(count), 0) FROM authly.attempts") == 0


def test_after_five_wrong_codes_a_person_may_try_no_more_in_any_browser(
    instance: Instance, tv: RegisteredClient, browser: Browser
) -> None:
    right = devices.begin(instance, tv)["user_code"]
    page = devices.visit(browser)
    for number in range(5):
        page = browser.submit(page, user_code=wrong_code(number))
        assert fails(page)
    assert is_error(browser.submit(page, user_code=right), 429)
    other = instance.browser()
    assert is_error(other.submit(devices.visit(other), user_code=right), 429)
    instance.execute("UPDATE authly.attempts SET expires_at = now()")
    assert has_form(browser.submit(page, user_code=right), "device-consent-form")


def test_right_codes_are_no_tries(
    instance: Instance, tv: RegisteredClient, browser: Browser
) -> None:
    for _ in range(7):
        code = devices.begin(instance, tv)["user_code"]
        page = browser.submit(devices.visit(browser), user_code=code)
        assert has_form(page, "device-consent-form")


def test_many_people_at_one_address_may_try_twenty_times(instance: Instance) -> None:
    addresses = [f"guesser{number}@example.org" for number in range(5)]
    pages = []
    for address in addresses:
        registration.add_user(instance.database_url, address)
        browser = instance.browser()
        page = browser.sign_in(browser.client.get("/device"), address)
        pages += [browser.submit(page, user_code=wrong_code(n)) for n in range(5)]
    assert [page.status_code for page in pages] == [400] * 20 + [429] * 5


def test_a_code_is_answered_once(
    instance: Instance, tv: RegisteredClient, browser: Browser
) -> None:
    code = devices.begin(instance, tv)["user_code"]
    question = browser.submit(devices.visit(browser), user_code=code)
    assert 'id="device-allowed"' in browser.submit(question, decision="allow").text
    for decision in ("allow", "deny"):
        assert is_error(browser.submit(question, decision=decision))
    assert fails(browser.submit(devices.visit(browser), user_code=code))


def test_an_expired_code_cannot_be_allowed(
    instance: Instance, tv: RegisteredClient, browser: Browser
) -> None:
    code = devices.begin(instance, tv)["user_code"]
    question = browser.submit(devices.visit(browser), user_code=code)
    before = instance.fetch(GRANTS)
    instance.execute("UPDATE authly.device_authorizations SET expires_at = now()")
    assert is_error(browser.submit(question, decision="allow"))
    assert fails(browser.submit(devices.visit(browser), user_code=code))
    assert instance.fetch(GRANTS) == before


def test_a_question_needs_a_decision(
    instance: Instance, tv: RegisteredClient, browser: Browser
) -> None:
    code = devices.begin(instance, tv)["user_code"]
    question = browser.submit(devices.visit(browser), user_code=code)
    assert is_error(browser.submit(question, decision="maybe"))
    assert is_error(browser.submit(question))


@pytest.mark.parametrize("path", ["/device", "/device/consent", "/device/login"])
@pytest.mark.parametrize("csrf", ["", "x", "0" * 64, "é"])
def test_a_form_of_another_site_does_nothing(
    instance: Instance, tv: RegisteredClient, browser: Browser, path: str, csrf: str
) -> None:
    code = devices.begin(instance, tv)["user_code"]
    form = {"user_code": code, "decision": "allow", "csrf": csrf, "username": "x", "password": "x"}
    before = instance.fetch(GRANTS)
    assert is_error(browser.client.post(path, data=form))
    assert instance.fetch(GRANTS) == before


def test_the_form_for_one_code_answers_for_no_other(
    instance: Instance, tv: RegisteredClient, browser: Browser
) -> None:
    mine, other = (devices.begin(instance, tv)["user_code"] for _ in range(2))
    question = browser.submit(devices.visit(browser), user_code=mine)
    assert is_error(browser.submit(question, decision="allow", user_code=other))


def test_a_form_of_one_person_is_no_good_for_another(
    instance: Instance, tv: RegisteredClient, browser: Browser
) -> None:
    registration.add_user(instance.database_url, "eve@example.org")
    eve = instance.browser()
    eve.sign_in(eve.client.get("/device"), "eve@example.org")
    code = devices.begin(instance, tv)["user_code"]
    form = read_form(browser.submit(devices.visit(browser), user_code=code))
    assert is_error(eve.client.post(form.action, data=form.fields | {"decision": "allow"}))


def test_a_sign_in_that_another_browser_began_is_refused(instance: Instance) -> None:
    form = read_form(instance.browser().client.get("/device"))
    other = instance.browser()
    answer = other.client.post(form.action, data=form.fields | {"username": "x", "password": "x"})
    assert is_error(answer)


def test_whoever_signed_out_meanwhile_decides_nothing(
    instance: Instance, tv: RegisteredClient, browser: Browser
) -> None:
    begun = devices.begin(instance, tv)
    question = browser.submit(devices.visit(browser), user_code=begun["user_code"])
    browser.cookies.clear()
    assert has_form(browser.submit(question, decision="allow"), "login-form")
    answer = devices.poll(instance, tv, begun["device_code"])
    assert problem(answer) == (400, "authorization_pending")


def test_a_device_of_a_client_disabled_meanwhile_is_not_found(
    instance: Instance, browser: Browser
) -> None:
    old = devices.register(instance, "old-tv")
    code = devices.begin(instance, old)["user_code"]
    devices.register(instance, "old-tv", enabled=False)
    assert fails(browser.submit(devices.visit(browser), user_code=code))


def test_the_pages_are_framed_by_nobody_and_lead_to_us_alone(
    instance: Instance, tv: RegisteredClient, browser: Browser
) -> None:
    code = devices.begin(instance, tv)["user_code"]
    entry = devices.visit(browser)
    question = browser.submit(entry, user_code=code)
    done = browser.submit(question, decision="allow")
    for page in (entry, question, done):
        policy = page.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy
        assert "form-action 'self';" in policy or page is done
        document = html.document_fromstring(page.text)
        assert len(document.cssselect("h1")) == 1
        assert document.findtext(".//title")
        for field in document.cssselect("input:not([type=hidden])"):
            assert document.cssselect(f"label[for={field.get('id')}]")


@pytest.mark.parametrize("query", ["user_code=%00", "user_code=%zz", "user_code=a&user_code=b"])
def test_a_malformed_link_is_a_page(instance: Instance, query: str) -> None:
    assert is_error(instance.http.get(f"/device?{query}"))
