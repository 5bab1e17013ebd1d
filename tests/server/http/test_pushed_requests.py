"""A19 to A21: authorization requests that clients push, RFC 9126."""

from collections.abc import Mapping

import httpx
import pytest

from throwaway.browser import Browser, asking, has_form, told
from throwaway.instance import Instance, problem
from throwaway.registration import RegisteredClient


EXPIRE = "UPDATE authly.pushed_requests SET expires_at = now()"


@pytest.fixture(scope="module")
def app(instance: Instance) -> RegisteredClient:
    """A public client."""
    return instance.apply_client("app", auth_method="none")


@pytest.fixture(scope="module")
def strict(instance: Instance) -> RegisteredClient:
    """A client that has to push."""
    return instance.apply_client("strict", require_pushed_authorization=True)


def push(
    instance: Instance, client: RegisteredClient | None = None, /, **changes: str | None
) -> httpx.Response:
    client = client or instance.shop
    return instance.post("/par", client, **asking(client, **changes))


def handle(
    instance: Instance, client: RegisteredClient | None = None, /, **changes: str | None
) -> dict[str, str]:
    """What a browser is sent to the authorization endpoint with; the person is asked each time."""
    client = client or instance.shop
    changes = {"prompt": "consent", **changes}
    request_uri = push(instance, client, **changes).raise_for_status().json()["request_uri"]
    return {"client_id": client.client_id, "request_uri": request_uri}


def visit(browser: Browser, handle: Mapping[str, str]) -> httpx.Response:
    return browser.follow(browser.client.get("/authorize", params=handle))


def page(answer: httpx.Response) -> tuple[int, bool]:
    """The status, and whether it is an error for a person who is sent nowhere."""
    return answer.status_code, 'id="error-title"' in answer.text and "Location" not in (
        answer.headers
    )


def test_a_pushed_request_leads_to_a_code(instance: Instance) -> None:
    answer = push(instance, scope="read profile")
    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    pushed = answer.json()
    assert pushed["expires_in"] == 90
    assert pushed["request_uri"].startswith("urn:ietf:params:oauth:request_uri:")
    assert len(pushed["request_uri"].rpartition(":")[2]) == 43
    sent = {"client_id": "shop", "request_uri": pushed["request_uri"]}
    browser = instance.browser()
    said = told(browser.submit(browser.sign_in(visit(browser, sent)), decision="allow"))
    assert said["state"] == "the state"
    issued = instance.exchange(said["code"])
    assert issued.status_code == 200
    assert issued.json()["scope"] == "profile read"


def test_a_public_client_pushes_by_its_name(instance: Instance, app: RegisteredClient) -> None:
    browser = instance.browser()
    signed_in = browser.sign_in(visit(browser, handle(instance, app)))
    code = told(browser.submit(signed_in, decision="allow"))["code"]
    assert instance.exchange(code, app).status_code == 200


def test_what_stands_beside_the_request_uri_does_not_count(instance: Instance) -> None:
    browser = instance.browser()
    beside = {"scope": "profile", "state": "other", "redirect_uri": "https://evil.example/"}
    signed_in = browser.sign_in(visit(browser, handle(instance) | beside))
    assert 'id="scopes"' in signed_in.text
    assert "profile" not in signed_in.text
    assert told(browser.submit(signed_in, decision="allow"))["state"] == "the state"


def test_a_page_may_be_loaded_again_until_the_person_has_answered(instance: Instance) -> None:
    browser, sent = instance.browser(), handle(instance)
    assert has_form(visit(browser, sent), "login-form")
    assert has_form(visit(browser, sent), "login-form")
    question = browser.sign_in(visit(browser, sent))
    assert has_form(question, "consent-form")
    assert has_form(visit(browser, sent), "consent-form")
    assert "code" in told(browser.submit(question, decision="allow"))
    assert page(visit(browser, sent)) == (400, True)


def test_a_request_that_was_denied_is_over(instance: Instance) -> None:
    browser, sent = instance.browser(), handle(instance)
    question = browser.sign_in(visit(browser, sent))
    assert told(browser.submit(question, decision="deny"))["error"] == "access_denied"
    assert page(visit(browser, sent)) == (400, True)


@pytest.mark.parametrize("decision", ["allow", "deny"])
def test_of_two_tabs_with_one_request_only_the_first_is_answered(
    instance: Instance, decision: str
) -> None:
    browser, sent = instance.browser(), handle(instance)
    first = browser.sign_in(visit(browser, sent))
    second = visit(browser, sent)
    assert "code" in told(browser.submit(first, decision="allow"))
    assert page(browser.submit(second, decision=decision)) == (409, True)


def test_a_sign_in_may_take_longer_than_the_request_uri_lives(instance: Instance) -> None:
    browser, sent = instance.browser(), handle(instance)
    form = visit(browser, sent)
    instance.execute(EXPIRE)
    assert "code" in told(browser.submit(browser.sign_in(form), decision="allow"))


def test_an_expired_request_is_not_taken_up(instance: Instance) -> None:
    sent = handle(instance)
    instance.execute(EXPIRE)
    assert page(visit(instance.browser(), sent)) == (400, True)


def test_a_request_of_another_client_is_not_taken_up(
    instance: Instance, app: RegisteredClient
) -> None:
    sent = handle(instance) | {"client_id": app.client_id}
    assert page(visit(instance.browser(), sent)) == (400, True)


@pytest.mark.parametrize(
    "tail",
    [
        pytest.param("", id="nothing"),
        pytest.param("A" * 43, id="guessed"),
        pytest.param("é\u202e😀", id="unicode"),
        pytest.param("x" * 4000, id="long"),
        pytest.param("' OR 1=1 --", id="SQL"),
    ],
)
def test_a_request_uri_that_was_never_issued_is_a_page(instance: Instance, tail: str) -> None:
    request_uri = f"urn:ietf:params:oauth:request_uri:{tail}"
    sent = asking(instance.shop) | {"request_uri": request_uri}
    assert page(visit(instance.browser(), sent)) == (400, True)


def test_a_request_uri_that_comes_twice_is_a_page(instance: Instance) -> None:
    sent = handle(instance)
    twice = {**sent, "request_uri": [sent["request_uri"], sent["request_uri"]]}
    assert page(instance.http.get("/authorize", params=twice)) == (400, True)


def test_a_request_uri_elsewhere_is_never_fetched(instance: Instance) -> None:
    sent = asking(instance.shop, request_uri="https://169.254.169.254/")
    answer = instance.http.get("/authorize", params=sent)
    assert told(answer)["error"] == "request_uri_not_supported"


def test_a_request_uri_cannot_be_pushed(instance: Instance) -> None:
    for request_uri in (handle(instance)["request_uri"], "https://x.example/"):
        answer = push(instance, request_uri=request_uri)
        assert problem(answer) == (400, "invalid_request")


def test_a_request_is_pushed_by_post_only(instance: Instance) -> None:
    answer = instance.http.get("/par", params=asking(instance.shop))
    assert (answer.status_code, answer.headers["Allow"]) == (405, "OPTIONS,POST")
    in_query = instance.http.post("/par?state=x", auth=instance.shop.basic, data={"x": "y"})
    assert problem(in_query) == (400, "invalid_request")


@pytest.mark.parametrize("secret", [{}, {"client_secret": "wrong"}])
@pytest.mark.parametrize("client_id", ["shop", "nobody"])
def test_a_client_that_does_not_prove_itself_pushes_nothing(
    instance: Instance, client_id: str, secret: dict[str, str]
) -> None:
    before = instance.fetch("SELECT count(*) FROM authly.pushed_requests")
    form = asking(instance.shop) | {"client_id": client_id} | secret
    answer = instance.http.post("/par", data=form)
    assert problem(answer) == (401, "invalid_client")
    assert instance.fetch("SELECT count(*) FROM authly.pushed_requests") == before


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        pytest.param({"redirect_uri": "https://evil.example/"}, "invalid_request", id="redirect"),
        pytest.param({"response_type": "token"}, "unsupported_response_type", id="token"),
        pytest.param({"response_type": None}, "invalid_request", id="no response_type"),
        pytest.param({"code_challenge_method": "plain"}, "invalid_request", id="plain"),
        pytest.param({"code_challenge": None}, "invalid_request", id="no challenge"),
        pytest.param({"scope": "admin"}, "invalid_scope", id="scope of others"),
        pytest.param({"resource": "https://other.example"}, "invalid_target", id="resource"),
        pytest.param({"request": "a.b.c"}, "request_not_supported", id="request object"),
        pytest.param({"client_id": "other"}, "invalid_request", id="another client_id"),
        pytest.param({"state": "x" * 4097}, "invalid_request", id="long state"),
        pytest.param({"prompt": "none login"}, "invalid_request", id="none and login"),
    ],
)
def test_a_wrong_request_is_refused_when_it_is_pushed(
    instance: Instance, changes: dict[str, str | None], error: str
) -> None:
    assert problem(push(instance, **changes)) == (400, error)


def test_a_request_that_no_browser_could_keep_is_refused_when_it_is_pushed(
    instance: Instance,
) -> None:
    noise = "".join(chr(0x4E00 + n * 7919 % 20_000) for n in range(1500))
    assert problem(push(instance, state=noise)) == (400, "invalid_request")


def test_a_client_that_has_to_push_gets_nothing_otherwise(
    instance: Instance, strict: RegisteredClient
) -> None:
    answer = instance.http.get("/authorize", params=asking(strict))
    said = told(answer)
    assert (said["error"], said["state"]) == ("invalid_request", "the state")
    browser = instance.browser()
    question = browser.sign_in(visit(browser, handle(instance, strict)))
    assert "code" in told(browser.submit(question, decision="allow"))


def test_the_database_knows_digests_of_request_uris_only(instance: Instance) -> None:
    request_uri = handle(instance)["request_uri"]
    found = "SELECT count(*) FROM authly.pushed_requests AS row WHERE row::text LIKE %s"
    assert instance.fetch(found, f"%{request_uri.rpartition(':')[2]}%") == 0


def test_the_metadata_names_the_endpoint(instance: Instance) -> None:
    told = instance.http.get("/.well-known/oauth-authorization-server").json()
    assert told["pushed_authorization_request_endpoint"] == f"{instance.server.issuer}/par"
    assert told["require_pushed_authorization_requests"] is False
