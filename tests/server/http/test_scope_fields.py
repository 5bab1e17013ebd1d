"""What a scope says besides its name: texts in languages, claims, whether it is always asked."""

import pytest

from throwaway import registration
from throwaway.browser import has_form
from throwaway.instance import Instance
from throwaway.registration import RegisteredClient


@pytest.fixture(scope="module")
def auditor(instance: Instance) -> RegisteredClient:
    """A client that may ask for three scopes of an operator."""
    url = instance.database_url
    texts = {"de": "Alles lesen", "pt-BR": "Ler tudo"}
    registration.apply_scope(url, "audit", description="Read it all", descriptions=texts)
    registration.apply_scope(url, "contact", claims=["email", "preferred_username"])
    registration.apply_scope(url, "payments", is_sensitive=True)
    return instance.apply_client("auditor", scopes=["audit", "contact", "payments", "read"])


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("", "Read it all"),
        ("fr, *;q=0.1", "Read it all"),
        ("fr, de-AT;q=0.8, pt-BR;q=0.7", "Alles lesen"),
        ("de;q=0.2, pt-br", "Ler tudo"),
        ("de;q=0, en", "Read it all"),
        ("de;q=many, ;;,", "Read it all"),
    ],
)
def test_a_scope_is_described_in_the_language_of_the_browser(
    instance: Instance, auditor: RegisteredClient, language: str, text: str
) -> None:
    browser = instance.browser()
    browser.client.headers["Accept-Language"] = language
    page = browser.sign_in(browser.authorize(auditor, scope="audit", prompt="consent"))
    assert has_form(page, "consent-form")
    assert text in page.text


def test_a_scope_gives_the_claims_that_it_names(
    instance: Instance, auditor: RegisteredClient
) -> None:
    token = instance.tokens(auditor, scope="contact")["access_token"]
    told = instance.userinfo(token).raise_for_status().json()
    assert set(told) == {"sub", "email", "preferred_username"}
    other = instance.tokens(auditor, scope="audit")["access_token"]
    assert instance.userinfo(other).status_code == 403


def test_a_sensitive_scope_is_asked_for_each_time(
    instance: Instance, auditor: RegisteredClient
) -> None:
    instance.code(auditor, scope="read payments")
    assert instance.person.authorize(auditor, scope="read").status_code == 303
    again = instance.person.authorize(auditor, scope="read payments")
    assert has_form(again, "consent-form")
