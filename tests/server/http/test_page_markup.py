"""What assistive technology finds on each page: one heading, labels, messages tied to fields."""

from collections import Counter

import httpx
import pytest
from lxml import html

from throwaway.instance import Instance


PAGES = ("login", "failed login", "consent", "error", "form_post", "account")


@pytest.fixture(scope="module")
def pages(instance: Instance) -> dict[str, httpx.Response]:
    """Each page that there is."""
    client = instance.apply_client("markup", client_uri="https://markup.example")
    browser = instance.browser()
    login = browser.authorize(client, login_hint="ada@example.org")
    return {
        "login": login,
        "failed login": browser.sign_in(login, password="wrong"),
        "consent": browser.sign_in(login),
        "error": instance.http.get("/authorize"),
        "form_post": instance.person.authorize(instance.shop, response_mode="form_post"),
        "account": instance.person.client.get("/account"),
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
        assert field.get("autocomplete") in {"username", "current-password"}


def test_ids_are_unique_and_whatever_is_referred_to_is_there(page: html.HtmlElement) -> None:
    ids = Counter(element.get("id") for element in page.cssselect("[id]"))
    assert set(ids.values()) == {1}
    for name in ("aria-describedby", "aria-labelledby"):
        for element in page.cssselect(f"[{name}]"):
            assert element.get(name) in ids


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
