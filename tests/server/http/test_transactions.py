"""A30 and A31: a request that waits for a person, in a cookie of its own that only we can make."""

import itertools
from dataclasses import replace

import httpx
import pytest

from authly_server.authorization import transaction
from throwaway.browser import Browser, has_form, read_form, told
from throwaway.instance import Instance
from throwaway.registration import RegisteredClient


PREFIX = "__Host-authly_txn_"
_numbers = itertools.count(1)


@pytest.fixture
def newcomer(instance: Instance) -> RegisteredClient:
    """A client whom nobody has consented to."""
    return instance.apply_client(f"newcomer-{next(_numbers)}")


@pytest.fixture
def browser(instance: Instance) -> Browser:
    """A browser of someone who signed in a while ago."""
    browser = instance.browser()
    browser.allow(instance.shop)
    return browser


@pytest.fixture
def consent(instance: Instance, browser: Browser) -> httpx.Response:
    return browser.authorize(instance.shop, prompt="consent")


def test_another_browser_cannot_go_on_with_a_transaction(
    instance: Instance, consent: httpx.Response
) -> None:
    other = instance.browser()
    other.allow(instance.shop)
    assert other.submit(consent, decision="allow").status_code == 400
    assert other.client.get(consent.request.url.raw_path.decode()).status_code == 400


def test_a_tampered_transaction_is_none(
    instance: Instance, browser: Browser, consent: httpx.Response
) -> None:
    assert instance.server.issuer
    name = next(name for name in browser.cookies if name.startswith(PREFIX))
    for spoiled in ("", "x", "é", browser.cookies[name][:-4] + "AAAA", "A" * 4000):
        browser.cookies[name] = spoiled
        assert browser.submit(consent, decision="allow").status_code == 400


def test_a_transaction_of_another_name_is_none(
    instance: Instance, browser: Browser, consent: httpx.Response
) -> None:
    other = browser.authorize(instance.shop, prompt="consent")
    one, two = sorted(name for name in browser.cookies if name.startswith(PREFIX))
    browser.cookies[one], browser.cookies[two] = browser.cookies[two], browser.cookies[one]
    assert browser.submit(consent, decision="allow").status_code == 400
    assert browser.submit(other, decision="allow").status_code == 400


def test_tabs_do_not_collide(instance: Instance, newcomer: RegisteredClient) -> None:
    second = instance.apply_client("second")
    browser = instance.browser()
    tabs = [
        browser.authorize(client, state=state)
        for client, state in ((newcomer, "a"), (newcomer, "b"), (second, "c"))
    ]
    pages = [browser.sign_in(tab) for tab in tabs]
    states = [told(browser.submit(page, decision="allow"))["state"] for page in pages]
    assert states == ["a", "b", "c"]


def test_a_browser_with_many_tabs_keeps_a_bounded_number_of_cookies(
    instance: Instance, newcomer: RegisteredClient
) -> None:
    browser = instance.browser()
    pages = [browser.authorize(newcomer) for _ in range(12)]
    assert len(browser.cookies) <= 6
    assert has_form(browser.sign_in(pages[-1]), "consent-form")


def test_nothing_is_written_before_somebody_has_signed_in(instance: Instance) -> None:
    count = (
        "SELECT (SELECT count(*) FROM authly.sessions) + (SELECT count(*) FROM authly.grants)"
        " + (SELECT count(*) FROM authly.authorization_codes)"
    )
    before = instance.fetch(count)
    browser = instance.browser()
    browser.sign_in(browser.authorize(instance.shop), password="wrong")
    assert instance.fetch(count) == before


def test_a_transaction_that_took_too_long_is_none(
    instance: Instance, browser: Browser, consent: httpx.Response
) -> None:
    transaction_id = transaction.identify(read_form(consent).fields["transaction"])
    assert transaction_id is not None
    seal = transaction.Seal(instance.server.environ["SECRET_KEY"])
    name = f"{PREFIX}{transaction_id.hex}"
    begun = seal.open(transaction_id, browser.cookies[name], now=0)
    assert begun is not None
    for age, status in ((transaction.LIFETIME + 1, 400), (transaction.LIFETIME - 60, 303)):
        older = replace(begun, started_at=begun.started_at - age)
        browser.cookies[name] = seal.close(older, bytes(12))
        assert browser.submit(consent, decision="allow").status_code == status
