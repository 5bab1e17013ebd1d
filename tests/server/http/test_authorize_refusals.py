"""A9 to A16, A19, A23, A24 and A29: what a client is told by a redirect, and how exactly."""

import base64
import hashlib
from urllib.parse import quote, urlencode, urlsplit

import httpx
import pytest

from throwaway.browser import asking, told
from throwaway.instance import Instance
from throwaway.registration import RegisteredClient


@pytest.fixture(scope="module")
def stranger(instance: Instance) -> RegisteredClient:
    """A client whom nobody has consented to."""
    return instance.apply_client("stranger")


def refusal(instance: Instance, **changes: str | None) -> str:
    """The error of a refusal, which must have come back as it should."""
    answer = instance.http.get("/authorize", params=asking(instance.shop, **changes))
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith(f"{instance.shop.redirect_uri}?")
    said = told(answer)
    assert said["iss"] == instance.server.issuer
    assert said["state"] == "the state"
    assert set(said) == {"error", "error_description", "state", "iss"}
    return said["error"]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        pytest.param({"response_type": None}, "invalid_request", id="no response_type"),
        pytest.param({"response_type": "token"}, "unsupported_response_type", id="token"),
        pytest.param({"response_type": "id_token"}, "unsupported_response_type", id="id_token"),
        pytest.param({"response_type": "code token"}, "unsupported_response_type", id="hybrid"),
        pytest.param(
            {"code_challenge": None, "code_challenge_method": None},
            "invalid_request",
            id="no challenge",
        ),
        pytest.param({"code_challenge": None}, "invalid_request", id="method alone"),
        pytest.param({"code_challenge_method": "plain"}, "invalid_request", id="plain"),
        pytest.param({"code_challenge_method": None}, "invalid_request", id="plain by default"),
        pytest.param({"code_challenge_method": "s256"}, "invalid_request", id="s256"),
        pytest.param({"code_challenge_method": "S512"}, "invalid_request", id="S512"),
        pytest.param({"code_challenge": "x" * 42}, "invalid_request", id="challenge of 42"),
        pytest.param({"code_challenge": "x" * 44}, "invalid_request", id="challenge of 44"),
        pytest.param({"code_challenge": "+" * 43}, "invalid_request", id="no base64url"),
        pytest.param({"scope": "no-such"}, "invalid_scope", id="unknown scope"),
        pytest.param({"scope": "read admin"}, "invalid_scope", id="scope of others"),
        pytest.param({"scope": "read  profile"}, "invalid_scope", id="two spaces"),
        pytest.param({"scope": 'read"'}, "invalid_scope", id="quote in the scope"),
        pytest.param({"resource": "relative"}, "invalid_target", id="relative resource"),
        pytest.param({"resource": "https://api.example#x"}, "invalid_target", id="fragment"),
        pytest.param(
            {"resource": "https://other.example"}, "invalid_target", id="unknown resource"
        ),
        pytest.param({"prompt": "none login"}, "invalid_request", id="none and login"),
        pytest.param({"prompt": "none"}, "login_required", id="none and nobody signed in"),
        pytest.param({"max_age": "-1"}, "invalid_request", id="negative age"),
        pytest.param({"max_age": "soon"}, "invalid_request", id="age that is no number"),
        pytest.param({"max_age": "1" + "0" * 30}, "invalid_request", id="age of 31 digits"),
        pytest.param({"max_age": "\u0663"}, "invalid_request", id="age in other digits"),
        pytest.param({"response_mode": "fragment"}, "invalid_request", id="fragment mode"),
        pytest.param({"response_mode": "query.jwt"}, "invalid_request", id="JARM"),
        pytest.param({"request": "a.b.c"}, "request_not_supported", id="request object"),
        pytest.param(
            {"request_uri": "http://169.254.169.254/"}, "request_uri_not_supported", id="SSRF"
        ),
        pytest.param({"registration": "{}"}, "registration_not_supported", id="registration"),
        pytest.param({"nonce": "n" * 3000}, "invalid_request", id="long nonce"),
    ],
)
def test_the_client_is_told_what_is_wrong(
    instance: Instance, changes: dict[str, str | None], error: str
) -> None:
    assert refusal(instance, **changes) == error


def test_more_than_ten_resources_are_too_many(instance: Instance) -> None:
    query = urlencode(asking(instance.shop))
    many = "".join(f"&resource=https://{n}.example" for n in range(11))
    answer = instance.http.get(f"/authorize?{query}{many}")
    assert told(answer)["error"] == "invalid_target"


def test_a_client_without_the_grant_is_unauthorized(instance: Instance) -> None:
    job = instance.apply_client("job", grant_types=["client_credentials"])
    answer = instance.http.get("/authorize", params=asking(job))
    assert told(answer)["error"] == "unauthorized_client"


def test_default_scopes_are_granted_where_none_is_asked_for(instance: Instance) -> None:
    assert instance.tokens(scope=None)["scope"] == "profile read"


def test_a_client_without_default_scopes_has_to_name_some(instance: Instance) -> None:
    writer = instance.apply_client("writer", scopes=["write"])
    answer = instance.http.get("/authorize", params=asking(writer, scope=None))
    assert told(answer)["error"] == "invalid_scope"


def test_a_silent_request_needs_consent_given_before(
    instance: Instance, stranger: RegisteredClient
) -> None:
    answer = instance.person.authorize(stranger, prompt="none")
    assert told(answer)["error"] == "consent_required"


def test_a_silent_request_succeeds_after_consent(instance: Instance) -> None:
    assert "code" in told(instance.person.authorize(instance.shop, prompt="none"))


def test_an_age_of_zero_asks_to_sign_in_again(instance: Instance) -> None:
    assert "code" in told(instance.person.authorize(instance.shop, max_age="3600"))
    silent = instance.person.authorize(instance.shop, max_age="0", prompt="none")
    assert told(silent)["error"] == "login_required"
    page = instance.person.authorize(instance.shop, max_age="0")
    assert 'id="login-form"' in page.text
    assert "code" in told(instance.person.sign_in(page))


def test_an_age_of_three_hundred_years_is_an_age(instance: Instance) -> None:
    assert "code" in told(instance.person.authorize(instance.shop, max_age="9999999999"))


STATES = [
    pytest.param('"><script>alert(1)</script>', id="script"),
    pytest.param("a\r\nSet-Cookie: x=y", id="line break"),
    pytest.param("😀 ä + % & = # ?", id="special characters"),
    pytest.param("%0d%0a", id="escaped twice"),
    pytest.param("s" * 2000, id="2000 characters"),
    pytest.param("'", id="apostrophe"),
]


@pytest.mark.parametrize("state", STATES)
def test_the_state_comes_back_exactly_and_harms_nothing(instance: Instance, state: str) -> None:
    answer = instance.person.authorize(instance.shop, state=state)
    assert told(answer)["state"] == state
    location = answer.headers["Location"]
    assert quote(state, safe="") in location
    assert location.isascii()
    assert location.isprintable()


@pytest.mark.parametrize("state", STATES)
def test_the_state_is_never_in_a_page_unescaped(
    instance: Instance, stranger: RegisteredClient, state: str
) -> None:
    page = instance.person.authorize(stranger, state=state, login_hint=state)
    assert 'id="consent-form"' in page.text
    assert "<script>" not in page.text
    posted = instance.person.authorize(instance.shop, state=state, response_mode="form_post")
    assert "<script>alert" not in posted.text


def test_a_state_that_is_too_long_is_refused_and_not_repeated(instance: Instance) -> None:
    answer = instance.http.get("/authorize", params=asking(instance.shop, state="s" * 5000))
    assert told(answer)["error"] == "invalid_request"
    assert "state" not in told(answer)


def test_a_state_that_no_cookie_can_hold_is_refused(instance: Instance) -> None:
    """Of characters that do not compress, so that they are told at once, not lost at sign-in."""
    state = base64.b64encode(hashlib.shake_256(b"a state").digest(3000)).decode()
    answer = instance.http.get("/authorize", params=asking(instance.shop, state=state))
    assert told(answer)["error"] == "invalid_request"
    assert told(answer)["state"] == state


@pytest.mark.parametrize("query", ["state=%00", "state=%ff", "state=%ed%a0%80", "state=%z"])
def test_a_query_that_is_no_text_is_told_on_a_page(instance: Instance, query: str) -> None:
    answer = instance.http.get(f"/authorize?client_id=shop&{query}")
    assert answer.status_code == 400
    assert 'id="error-explanation"' in answer.text


def test_an_answer_by_form_post_is_a_page_with_a_form_for_the_client(instance: Instance) -> None:
    page = instance.person.authorize(instance.shop, response_mode="form_post")
    assert page.status_code == 200
    assert f'action="{instance.shop.redirect_uri}"' in page.text
    for name in ("code", "state", "iss"):
        assert page.text.count(f'name="{name}"') == 1
    assert "form-action 'self' https:;" in page.headers["Content-Security-Policy"]
    assert page.headers["Cache-Control"] == "no-store"


def test_a_refusal_goes_by_form_post_too(instance: Instance) -> None:
    parameters = asking(instance.shop, response_mode="form_post", scope="no-such")
    page = instance.http.get("/authorize", params=parameters)
    assert page.status_code == 200
    assert 'name="error" value="invalid_scope"' in page.text


def test_a_success_carries_code_state_and_issuer_and_nothing_else(instance: Instance) -> None:
    answer = instance.person.authorize(instance.shop)
    assert answer.status_code == httpx.codes.SEE_OTHER
    said = told(answer)
    assert set(said) == {"code", "state", "iss"}
    assert said["iss"] == instance.server.issuer
    assert urlsplit(answer.headers["Location"]).fragment == ""
