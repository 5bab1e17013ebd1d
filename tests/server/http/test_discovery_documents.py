"""C6, C7 and what is prepared: documents, the table of paths, other origins, hosts and methods."""

import json

import pytest

from throwaway.browser import asking
from throwaway.instance import Instance, problem


ISSUER = "https://login.example.com/tenants/one"
PREFIX = "/tenants/one"
METADATA = (
    f"/.well-known/oauth-authorization-server{PREFIX}",
    f"/.well-known/openid-configuration{PREFIX}",
    f"{PREFIX}/.well-known/oauth-authorization-server",
    f"{PREFIX}/.well-known/openid-configuration",
)
APP = "https://app.example"
CROSS_ORIGIN = ("/par", "/token", "/auth/token", "/auth/refresh", "/revoke", "/userinfo", "/jwks")
SAME_ORIGIN = ("/authorize", "/login", "/consent", "/introspect")


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {
        "ISSUER": ISSUER,
        "CORS_ORIGINS": f"{APP},http://localhost:3000",
        "ALLOWED_HOSTS": "login.example.com,127.0.0.1",
        "TRUSTED_PROXIES": "127.0.0.1/32",
    }


@pytest.mark.parametrize("path", METADATA)
def test_the_metadata_of_an_issuer_with_a_path_is_at_each_of_its_names(
    instance: Instance, path: str
) -> None:
    answer = instance.http.get(path)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "public, max-age=3600"
    assert answer.json()["issuer"] == ISSUER
    assert answer.content == instance.http.get(METADATA[0]).content


def test_every_endpoint_that_the_metadata_names_is_there(instance: Instance) -> None:
    told = instance.http.get(METADATA[0]).json()
    named = {name: url for name, url in told.items() if name.endswith(("_endpoint", "_uri"))}
    assert len(named) == 9
    for url in named.values():
        assert url.startswith(ISSUER)
        path = url.removeprefix("https://login.example.com")
        assert instance.http.get(path).status_code != 404


def test_what_the_metadata_promises_is_what_is_done(instance: Instance) -> None:
    told = instance.http.get(METADATA[0]).json()
    assert told["code_challenge_methods_supported"] == ["S256"]
    assert told["response_types_supported"] == ["code"]
    assert told["authorization_response_iss_parameter_supported"] is True
    for grant_type in told["grant_types_supported"]:
        answer = instance.post(f"{PREFIX}/token", grant_type=grant_type)
        assert answer.status_code == 200 or problem(answer) == (400, "invalid_request")


def test_a_method_that_nobody_has_set_up_is_not_promised(instance: Instance) -> None:
    told = instance.http.get(METADATA[0]).json()
    assert set(told["token_endpoint_auth_methods_supported"]) == {
        "client_secret_basic",
        "client_secret_post",
        "private_key_jwt",
        "none",
    }


def test_whoever_knows_the_document_is_not_sent_it_again(instance: Instance) -> None:
    for path in (METADATA[0], f"{PREFIX}/jwks"):
        etag = instance.http.get(path).headers["ETag"]
        for known in (etag, f'"x", W/{etag}', "*"):
            answer = instance.http.get(path, headers={"If-None-Match": known})
            assert (answer.status_code, answer.content) == (304, b"")
            assert answer.headers["ETag"] == etag
        assert instance.http.get(path, headers={"If-None-Match": '"x"'}).status_code == 200
        assert instance.http.head(path).headers["ETag"] == etag


def test_the_keys_are_public_ones(instance: Instance) -> None:
    answer = instance.http.get(f"{PREFIX}/jwks")
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    elliptic, rsa = answer.json()["keys"]
    assert set(elliptic) == {"kty", "crv", "x", "y", "kid", "alg", "use"}
    assert set(rsa) == {"kty", "n", "e", "kid", "alg", "use"}


def test_pages_and_redirects_are_below_the_path_of_the_issuer(instance: Instance) -> None:
    answer = instance.http.get(f"{PREFIX}/authorize", params=asking(instance.shop))
    assert answer.headers["Location"].startswith(f"{PREFIX}/login?")
    assert instance.http.get("/authorize", params=asking(instance.shop)).status_code == 404


@pytest.mark.parametrize("host", ["evil.com", "login.example.com.evil.com", "", "[::1]", "x:y:z"])
def test_another_host_is_refused(instance: Instance, host: str) -> None:
    answer = instance.http.get(METADATA[0], headers={"Host": host})
    assert problem(answer) == (400, "invalid_request")


@pytest.mark.parametrize("host", ["login.example.com", "LOGIN.example.com:443", "127.0.0.1:1"])
def test_an_allowed_host_is_allowed_in_any_spelling(instance: Instance, host: str) -> None:
    assert instance.http.get(METADATA[0], headers={"Host": host}).status_code == 200


def test_probes_come_by_any_host(instance: Instance) -> None:
    for path in ("/health", "/health/live", "/health/ready"):
        assert instance.http.get(path, headers={"Host": "10.1.2.3:8000"}).status_code == 200


def test_no_header_of_a_request_changes_what_the_issuer_is(instance: Instance) -> None:
    spoofed = {
        "X-Forwarded-Host": "evil.com",
        "X-Forwarded-Proto": "http",
        "X-Forwarded-Prefix": "/evil",
        "Forwarded": "host=evil.com;proto=http",
        "X-Original-URL": "/evil",
    }
    answer = instance.http.get(METADATA[0], headers=spoofed)
    assert b"evil" not in answer.content
    redirected = instance.http.get(
        f"{PREFIX}/authorize", params=asking(instance.shop), headers=spoofed
    )
    assert redirected.headers["Location"].startswith(f"{PREFIX}/login?")


def test_the_address_in_the_log_is_the_last_one_that_no_proxy_of_ours_has(
    instance: Instance,
) -> None:
    for forwarded, logged in (
        ("203.0.113.7", "203.0.113.7"),
        ("198.51.100.1, 203.0.113.7, 127.0.0.1", "203.0.113.7"),
        ("evil, <script>", "127.0.0.1"),
    ):
        answer = instance.http.get(METADATA[0], headers={"X-Forwarded-For": forwarded})
        reference = answer.headers["X-Request-Id"]
        (record,) = (
            each for each in instance.server.records() if each.get("request_id") == reference
        )
        assert record["client_address"] == logged


@pytest.mark.parametrize("path", [*(PREFIX + path for path in CROSS_ORIGIN), METADATA[0]])
def test_a_named_origin_may_call_what_programs_call(instance: Instance, path: str) -> None:
    asked = {"Origin": APP, "Access-Control-Request-Method": "POST"}
    for answer in (
        instance.http.options(path, headers=asked),
        instance.http.request("POST", path, headers=asked),
        instance.http.request("GET", path, headers=asked),
    ):
        assert answer.headers["Access-Control-Allow-Origin"] == APP
        assert "Origin" in answer.headers["Vary"]
        assert "Access-Control-Allow-Credentials" not in answer.headers


def test_a_named_origin_may_prove_its_key(instance: Instance) -> None:
    asked = {"Origin": APP, "Access-Control-Request-Headers": "dpop"}
    for path in ("/token", "/par", "/userinfo"):
        answer = instance.http.options(PREFIX + path, headers=asked)
        assert "DPoP" in answer.headers["Access-Control-Allow-Headers"]
        assert "DPoP-Nonce" in answer.headers["Access-Control-Expose-Headers"]


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "https://app.example:444", ""])
def test_another_origin_may_not(instance: Instance, origin: str) -> None:
    for path in (f"{PREFIX}/token", METADATA[0]):
        answer = instance.http.options(path, headers={"Origin": origin})
        assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("path", SAME_ORIGIN)
def test_no_origin_may_call_what_people_look_at(instance: Instance, path: str) -> None:
    for method in ("OPTIONS", "GET", "POST"):
        answer = instance.http.request(method, PREFIX + path, headers={"Origin": APP})
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert method != "OPTIONS" or answer.status_code == 405


@pytest.mark.parametrize("path", ["/", "/nothing", "/token/", "/.well-known/", "/..", "//evil.com"])
def test_what_is_not_in_the_table_is_not_there(instance: Instance, path: str) -> None:
    url = f"{instance.server.base_url}{path}"
    program = instance.http.get(url)
    assert json.loads(program.text)["error"] == "invalid_request"
    person = instance.http.get(url, headers={"Accept": "text/html"})
    assert person.status_code == program.status_code == 404
    assert 'id="error-title"' in person.text


def test_nothing_tells_which_versions_answer(instance: Instance) -> None:
    for path in (METADATA[0], "/nothing", f"{PREFIX}/token", "/health"):
        headers = instance.http.get(path).headers
        assert "Server" not in headers
        assert "X-Powered-By" not in headers
