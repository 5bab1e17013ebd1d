"""PUSHED_AUTHORIZATION_REQUIRED: no request of any client comes by a browser alone."""

import pytest

from throwaway.browser import asking, has_form, told
from throwaway.instance import Instance


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"CACHE_TTL": "0", "PUSHED_AUTHORIZATION_REQUIRED": "true"}


def test_a_request_that_was_not_pushed_is_refused(instance: Instance) -> None:
    answer = instance.http.get("/authorize", params=asking(instance.shop))
    assert told(answer)["error"] == "invalid_request"


def test_a_request_that_was_pushed_is_taken_up(instance: Instance) -> None:
    pushed = instance.post("/par", **asking(instance.shop)).raise_for_status().json()
    browser = instance.browser()
    sent = {"client_id": "shop", "request_uri": pushed["request_uri"]}
    page = browser.follow(browser.client.get("/authorize", params=sent))
    assert has_form(page, "login-form")


def test_the_metadata_says_so(instance: Instance) -> None:
    told = instance.http.get("/.well-known/oauth-authorization-server").json()
    assert told["require_pushed_authorization_requests"] is True
