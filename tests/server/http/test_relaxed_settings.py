"""PKCE_REQUIRED=false and REQUIRE_USER_CONSENT=false: what they excuse from, and whom not."""

import pytest

from throwaway.browser import VERIFIER, has_form
from throwaway.instance import Instance, problem


WITHOUT_PKCE: dict[str, str | None] = {"code_challenge": None, "code_challenge_method": None}


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"PKCE_REQUIRED": "false", "REQUIRE_USER_CONSENT": "false"}


def test_nobody_is_asked_to_consent(instance: Instance) -> None:
    page = instance.browser().sign_in(instance.browser().authorize(instance.shop))
    assert page.status_code == 400  # another browser's transaction
    browser = instance.browser()
    answer = browser.sign_in(browser.authorize(instance.shop))
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith(instance.shop.redirect_uri)


def test_a_client_that_wants_to_be_consented_to_still_is(instance: Instance) -> None:
    assert has_form(instance.person.authorize(instance.shop, prompt="consent"), "consent-form")


def test_an_excused_confidential_client_needs_no_challenge(instance: Instance) -> None:
    legacy = instance.apply_client("legacy", require_pkce=False)
    code = instance.code(legacy, **WITHOUT_PKCE)
    assert instance.exchange(code, legacy, code_verifier=None).status_code == 200


def test_a_verifier_for_a_code_without_challenge_is_a_downgrade_and_refused(
    instance: Instance,
) -> None:
    """RFC 9700 section 2.1.1: a verifier is accepted only if a challenge was present."""
    legacy = instance.apply_client("legacy", require_pkce=False)
    code = instance.code(legacy, **WITHOUT_PKCE)
    answer = instance.exchange(code, legacy, code_verifier=VERIFIER)
    assert problem(answer) == (400, "invalid_grant")


def test_a_challenge_that_was_sent_counts_for_an_excused_client_too(instance: Instance) -> None:
    legacy = instance.apply_client("legacy", require_pkce=False)
    answer = instance.exchange(instance.code(legacy), legacy, code_verifier=None)
    assert problem(answer) == (400, "invalid_grant")


def test_clients_that_are_not_excused_need_a_challenge(instance: Instance) -> None:
    public = instance.apply_client("public", auth_method="none")
    for client in (instance.shop, public):
        assert instance.person.allow(client, **WITHOUT_PKCE)["error"] == "invalid_request"
