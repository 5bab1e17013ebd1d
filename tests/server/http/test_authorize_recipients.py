"""A1 to A7 and A27: to whom an answer may go; whoever is not believed is told on a page."""

from urllib.parse import quote, urlencode

import httpx
import pytest

from throwaway.browser import asking, told
from throwaway.instance import Instance
from throwaway.registration import RegisteredClient


CALLBACK = "https://shop.example/callback"


@pytest.fixture(scope="module")
def native(instance: Instance) -> RegisteredClient:
    uris = ["http://127.0.0.1/callback", "http://[::1]/callback", "http://localhost:3000/callback"]
    return instance.apply_client("native", auth_method="none", redirect_uris=uris)


def assert_page(answer: httpx.Response) -> None:
    """A page for the person, and by no means a redirect."""
    assert answer.status_code == 400
    assert "Location" not in answer.headers
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert 'id="error-explanation"' in answer.text


def ask(instance: Instance, query: str) -> httpx.Response:
    return instance.http.get(f"/authorize?{query}")


@pytest.mark.parametrize(
    "client_id",
    ["", "nobody", "SHOP", "shop ", "shop%00", "%ff", "%zz", "x" * 300, "sh%C3%B6p", "%0d%0a"],
)
def test_an_unknown_or_malformed_client_is_told_on_a_page(
    instance: Instance, client_id: str
) -> None:
    assert_page(ask(instance, f"client_id={client_id}&response_type=code&redirect_uri={CALLBACK}"))


def test_no_parameter_at_all_is_told_on_a_page(instance: Instance) -> None:
    assert_page(ask(instance, ""))


def test_a_disabled_client_is_an_unknown_one(instance: Instance) -> None:
    closed = instance.apply_client("closed", enabled=False)
    assert_page(instance.http.get("/authorize", params=asking(closed)))


@pytest.mark.parametrize(
    "redirect_uri",
    [
        pytest.param("https://shop.example/CALLBACK", id="case of the path"),
        pytest.param("https://SHOP.example/callback", id="case of the host"),
        pytest.param("HTTPS://shop.example/callback", id="case of the scheme"),
        pytest.param("https://shop.example/callback/", id="trailing slash"),
        pytest.param("https://shop.example/callback?x=1", id="extra query"),
        pytest.param("https://shop.example/callback?", id="empty query"),
        pytest.param("https://shop.example/callback?code=x", id="code in the query"),
        pytest.param("https://shop.example/%63allback", id="escaped letter"),
        pytest.param("https://shop.example/%2e/callback", id="escaped dot"),
        pytest.param("https://shop.example/x/../callback", id="dot segments"),
        pytest.param("https://shop.example:443/callback", id="default port"),
        pytest.param("https://shop.example:8443/callback", id="other port"),
        pytest.param("https://shop.example@evil.example/callback", id="host as user"),
        pytest.param("https://shop.example.evil.example/callback", id="longer host"),
        pytest.param("https://shop.example\\@evil.example/callback", id="backslash"),
        pytest.param("https:\\\\shop.example/callback", id="backslashes for slashes"),
        pytest.param("https://shop.example/callback\n", id="newline"),
        pytest.param("https://shop.example/\tcallback", id="tab"),
        pytest.param("https://shop.example/callback\r\nX: y", id="line break"),
        pytest.param("https://shop.example/callback\x00", id="NUL"),
        pytest.param("https://shop.example/callback#", id="empty fragment"),
        pytest.param("https://shop.example/callback#x", id="fragment"),
        pytest.param(" https://shop.example/callback", id="leading space"),
        pytest.param("https://shop\u3002example/callback", id="ideographic full stop"),
        pytest.param("https://\u0455hop.example/callback", id="Cyrillic letter"),
        pytest.param("http://shop.example/callback", id="other scheme"),
        pytest.param("//shop.example/callback", id="no scheme"),
        pytest.param("/callback", id="path alone"),
        pytest.param("javascript:alert(1)", id="javascript"),
        pytest.param("x" * 5000, id="5000 characters"),
    ],
)
def test_a_redirect_uri_that_differs_in_anything_is_told_on_a_page(
    instance: Instance, redirect_uri: str
) -> None:
    assert_page(
        instance.http.get("/authorize", params=asking(instance.shop, redirect_uri=redirect_uri))
    )


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "http://127.0.0.1:51004/callback",
        "http://127.0.0.1/callback",
        "http://[::1]:51004/callback",
        "http://localhost:51004/callback",
    ],
)
def test_the_port_of_a_loopback_uri_is_free(
    instance: Instance, native: RegisteredClient, redirect_uri: str
) -> None:
    answer = instance.person.authorize(native, redirect_uri=redirect_uri, prompt="none")
    assert answer.headers["Location"].startswith(f"{redirect_uri}?")


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "http://127.0.0.1:51004/other",
        "http://127.0.0.1:51004/callback?x=1",
        "https://127.0.0.1:51004/callback",
        "http://127.0.0.2:51004/callback",
        "http://127.0.0.1:51004@evil.example/callback",
        "http://127.0.0.1:x/callback",
    ],
)
def test_nothing_but_the_port_of_a_loopback_uri_is_free(
    instance: Instance, native: RegisteredClient, redirect_uri: str
) -> None:
    assert_page(instance.http.get("/authorize", params=asking(native, redirect_uri=redirect_uri)))


def test_a_code_for_a_loopback_uri_is_exchanged_with_the_very_port(
    instance: Instance, native: RegisteredClient
) -> None:
    used = "http://127.0.0.1:51004/callback"
    code = instance.code(native, redirect_uri=used)
    refused = instance.exchange(code, native, redirect_uri="http://127.0.0.1:51005/callback")
    assert refused.status_code == 400
    assert instance.exchange(code, native, redirect_uri=used).status_code == 200


def test_the_only_registered_uri_may_be_left_out(instance: Instance) -> None:
    assert "code" in instance.person.allow(instance.shop, redirect_uri=None)


def test_a_uri_is_needed_where_several_are_registered(
    instance: Instance, native: RegisteredClient
) -> None:
    assert_page(instance.http.get("/authorize", params=asking(native, redirect_uri=None)))


def test_openid_connect_needs_a_redirect_uri_always(instance: Instance) -> None:
    instance.execute("INSERT INTO authly.scopes (name) VALUES ('openid') ON CONFLICT DO NOTHING")
    connect = instance.apply_client("connect", scopes=["openid"])
    parameters = asking(connect, scope="openid", redirect_uri=None)
    assert_page(instance.http.get("/authorize", params=parameters))


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "myapp:/callback",
        "http://shop.example/callback",
        "https://shop.example/callback?code=x",
        "https://shop.example/callback?state=x&iss=y",
        "https://user@shop.example/callback",
        "https://shop.example/callback#x",
    ],
)
def test_a_uri_that_should_not_have_been_registered_is_not_gone_to(
    instance: Instance, redirect_uri: str
) -> None:
    careless = instance.apply_client("careless", redirect_uris=[redirect_uri])
    assert_page(instance.http.get("/authorize", params=asking(careless)))


def test_a_registered_query_is_kept_and_added_to(instance: Instance) -> None:
    tenant = instance.apply_client(
        "tenant", redirect_uris=["https://shop.example/callback?tenant=%C3%A4&x="]
    )
    answer = instance.person.authorize(tenant, prompt="none")
    assert answer.headers["Location"].startswith(f"{tenant.redirect_uri}&error=consent_required&")


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
def test_who_asks_and_where_to_may_not_be_said_twice(instance: Instance, name: str) -> None:
    parameters = asking(instance.shop)
    twice = urlencode([*parameters.items(), (name, parameters[name])])
    assert_page(ask(instance, twice))


@pytest.mark.parametrize(
    "name", ["response_type", "scope", "state", "code_challenge", "prompt", "max_age", "unknown"]
)
def test_anything_else_said_twice_is_told_to_the_client(instance: Instance, name: str) -> None:
    pairs = [*asking(instance.shop).items(), (name, "a"), (name, "b")]
    answer = ask(instance, urlencode(pairs))
    assert told(answer)["error"] == "invalid_request"
    assert ("state" in told(answer)) is (name != "state")


def test_a_resource_may_be_said_twice(instance: Instance) -> None:
    many = instance.apply_client("many", audiences=["https://a.example", "https://b.example"])
    pairs = [*asking(many).items(), ("resource", "https://a.example")]
    answer = ask(instance, urlencode([*pairs, ("resource", "https://b.example")]))
    assert answer.headers["Location"].startswith("/login?")


def test_an_empty_parameter_is_an_absent_one(instance: Instance) -> None:
    answer = ask(instance, urlencode(asking(instance.shop)) + "&prompt=&resource=&nonce=&max_age=")
    assert answer.headers["Location"].startswith("/login?")
    missing = ask(instance, urlencode(asking(instance.shop, response_type="")))
    assert told(missing)["error"] == "invalid_request"


def test_unknown_parameters_are_ignored(instance: Instance) -> None:
    answer = ask(instance, urlencode(asking(instance.shop)) + f"&{quote('ünknown')}=1&utm=2")
    assert answer.headers["Location"].startswith("/login?")
