"""What assistive technology finds on each page: one heading, labels, messages tied to fields."""

from collections import Counter

import httpx
import pytest
from lxml import html
from tests.server.http import second_factors

from throwaway.instance import Instance
from throwaway.registration import PASSWORD


PAGES = (
    "login",
    "failed login",
    "consent",
    "error",
    "form_post",
    "account",
    "second step",
    "failed second step",
    "second factor",
    "failed second factor",
    "key",
    "recovery codes",
)


@pytest.fixture(scope="module")
def pages(instance: Instance) -> dict[str, httpx.Response]:
    """Each page that there is."""
    client = instance.apply_client("markup", client_uri="https://markup.example")
    browser = instance.browser()
    factor = enrolling(instance)
    login = browser.authorize(client, login_hint="ada@example.org")
    return {
        "login": login,
        "failed login": browser.sign_in(login, password="wrong"),
        "consent": browser.sign_in(login),
        "error": instance.http.get("/authorize"),
        "form_post": instance.person.authorize(instance.shop, response_mode="form_post"),
        "account": instance.person.client.get("/account"),
        **factor,
    }


def enrolling(instance: Instance) -> dict[str, httpx.Response]:
    """The pages on the way to a second factor, and with one."""
    browser = instance.browser()
    begun = second_factors.open_page(browser, second_factors.add_person(instance))
    key = browser.submit(begun, action="begin", password=PASSWORD)
    code = second_factors.offered(key).code(-1)
    person = second_factors.enrol(instance)
    other, step = second_factors.begin(instance, person)
    page = person.browser.client.get(second_factors.PATH)
    return {
        "key": key,
        "recovery codes": browser.submit(key, action="confirm", code=code),
        "second step": step,
        "failed second step": other.submit(step, code="000"),
        "second factor": page,
        "failed second factor": person.browser.submit(page, action="renew"),
    }


@pytest.fixture(params=PAGES)
def page(request: pytest.FixtureRequest, pages: dict[str, httpx.Response]) -> html.HtmlElement:
    return html.document_fromstring(pages[request.param].text)


def test_a_page_has_a_language_a_title_one_heading_and_one_main_part(
    page: html.HtmlElement,
) -> None:
    assert page.get("lang") == "en"
    assert page.findtext(".//title")
    assert len(page.cssselect("h1")) == 1
    assert len(page.cssselect("main h1")) == 1
    (viewport,) = page.cssselect("meta[name=viewport]")
    assert viewport.get("content") == "width=device-width, initial-scale=1"


def test_every_field_has_a_label_and_says_what_it_is_for(page: html.HtmlElement) -> None:
    for field in page.cssselect("input:not([type=hidden])"):
        (label,) = page.cssselect(f"label[for={field.get('id')}]")
        assert label.text_content().strip()
        assert field.get("autocomplete") in {"username", "current-password", "one-time-code"}


def test_ids_are_unique_and_whatever_is_referred_to_is_there(page: html.HtmlElement) -> None:
    ids = Counter(element.get("id") for element in page.cssselect("[id]"))
    assert set(ids.values()) == {1}
    for name in ("aria-describedby", "aria-labelledby"):
        for element in page.cssselect(f"[{name}]"):
            assert set(element.get(name).split()) <= set(ids)


def test_every_button_and_link_has_words(page: html.HtmlElement) -> None:
    for element in page.cssselect("button, a"):
        assert element.text_content().strip()
        assert element.get("id")


def test_a_message_is_announced_and_tied_to_both_fields(
    pages: dict[str, httpx.Response],
) -> None:
    page = html.document_fromstring(pages["failed login"].text)
    (message,) = page.cssselect("#login-error")
    assert message.get("role") == "alert"
    for name in ("username", "password"):
        (field,) = page.cssselect(f"input#{name}")
        assert field.get("aria-invalid") == "true"
        assert field.get("aria-describedby") == "login-error"
    assert page.cssselect("input#password")[0].get("value") is None
    assert "autofocus" in page.cssselect("input#password")[0].attrib


def test_no_page_needs_a_script_and_only_one_has_it(pages: dict[str, httpx.Response]) -> None:
    for name, answer in pages.items():
        page = html.document_fromstring(answer.text)
        assert len(page.cssselect("script")) == (name == "form_post")
        assert not page.xpath("//@*[starts-with(name(), 'on')]")
        assert not page.xpath("//@style")
    fallback = html.document_fromstring(pages["form_post"].text)
    assert fallback.cssselect("form button[type=submit]")
