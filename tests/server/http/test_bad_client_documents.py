"""C1: documents that describe no client, and URLs that nobody is to be asked under."""

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.server.http.authors import Author

from throwaway.browser import Browser
from throwaway.instance import Instance, problem
from throwaway.publisher import Publisher


RESOURCE = "https://tools.example"


@pytest.fixture(scope="module")
def settings(reaching: dict[str, str]) -> dict[str, str]:
    return {
        "CACHE_TTL": "0",
        "CLIENT_ID_METADATA_DOCUMENTS": "true",
        "DYNAMIC_CLIENT_SCOPES": "profile,read",
        "DYNAMIC_CLIENT_AUDIENCES": RESOURCE,
        # Consent of a person is needed for these clients whatever this says.
        "REQUIRE_USER_CONSENT": "false",
        **reaching,
    }


@pytest.fixture(scope="module")
def author(host: Publisher) -> Author:
    return Author(host)


@pytest.fixture
def browser(instance: Instance) -> Browser:
    return instance.browser()


BAD: dict[str, dict[str, Any]] = {
    "client_id of another": {"client_id": "https://other.example/client.json"},
    "no client_id": {"client_id": None},
    "client_id a number": {"client_id": 7},
    "client_secret": {"client_secret": "x"},
    "client_secret_expires_at": {"client_secret_expires_at": 0},
    "Basic": {"token_endpoint_auth_method": "client_secret_basic"},
    "client_secret_jwt": {"token_endpoint_auth_method": "client_secret_jwt"},
    "private_key_jwt without keys": {"token_endpoint_auth_method": "private_key_jwt"},
    "private key": {"jwks": {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "A", "d": "A"}]}},
    "symmetric key": {"jwks": {"keys": [{"kty": "oct", "k": "AAAA"}]}},
    "no redirect_uris": {"redirect_uris": None},
    "empty redirect_uris": {"redirect_uris": []},
    "redirect_uris text": {"redirect_uris": "https://client.example/callback"},
    "javascript": {"redirect_uris": ["javascript:alert(1)"]},
    "http": {"redirect_uris": ["http://client.example/callback"]},
    "wildcard": {"redirect_uris": ["https://*.example/callback"]},
    "code in redirect_uri": {"redirect_uris": ["https://client.example/?code=x"]},
    "client_credentials": {"grant_types": ["client_credentials"]},
    "implicit": {"response_types": ["token"]},
    "software statement": {"software_statement": "a.b.c"},
    "logo of data": {"logo_uri": "data:image/svg+xml,x"},
    "name a list": {"client_name": ["x"]},
    "NUL": {"client_name": "a\0b"},
    "surrogate": {"client_name": "\ud800"},
}


@pytest.mark.parametrize("name", BAD)
def test_a_document_that_breaks_a_rule_is_a_page(
    instance: Instance, author: Author, browser: Browser, name: str
) -> None:
    client_id = author.url()
    author.write(client_id, json.dumps(author.document(client_id, **BAD[name])).encode())
    page = browser.authorize(author.client(client_id))
    assert page.status_code == 400
    assert "Location" not in page.headers
    assert "metadata document" in page.text


BROKEN: dict[str, Callable[[Author, str], None]] = {
    "nothing there": lambda author, url: None,
    "no JSON": lambda author, url: author.write(url, b"<html>"),
    "no object": lambda author, url: author.write(url, b"[]"),
    "a name twice": lambda author, url: author.write(
        url, json.dumps(author.document(url)).encode()[:-1] + b', "client_id": "x"}'
    ),
    "6 KB": lambda author, url: author.write(
        url, json.dumps(author.document(url, padding="x" * 6000)).encode()
    ),
    "HTML": lambda author, url: author.write(
        url, json.dumps(author.document(url)).encode(), kind="text/html"
    ),
    "redirect": lambda author, url: author.write(
        url, b"", status="302 Found", headers=[f"Location: {url}x"]
    ),
    "gzip bomb": lambda author, url: author.write(
        url, gzip.compress(b" " * 1_000_000), headers=["Content-Encoding: gzip"]
    ),
    "error": lambda author, url: author.write(
        url, json.dumps(author.document(url)).encode(), status="500 Oops"
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_document_is_a_page(
    instance: Instance, author: Author, browser: Browser, name: str
) -> None:
    client_id = author.url()
    BROKEN[name](author, client_id)
    page = browser.authorize(author.client(client_id))
    assert page.status_code == 400
    assert "metadata document" in page.text
    form = {"grant_type": "refresh_token", "refresh_token": "x", "client_id": client_id}
    assert problem(instance.http.post("/token", data=form)) == (401, "invalid_client")


@pytest.mark.parametrize(
    "client_id",
    [
        "http://localhost/client.json",
        "https://localhost",
        "https://localhost/../client.json",
        "https://localhost/a/%2e%2e/client.json",
        "https://localhost/./client.json",
        "https://localhost/client.json#x",
        "https://user@localhost/client.json",
        "https://user:x@localhost/client.json",
        "https://LOCALHOST/client.json",
        "https:///client.json",
        "https://localhost:0/client.json",
        "https://localhost:99999/client.json",
        "https://localhost/" + "x" * 300,
    ],
)
def test_a_url_that_is_no_identifier_is_an_unknown_client(
    instance: Instance, author: Author, browser: Browser, client_id: str
) -> None:
    page = browser.authorize(author.client(client_id))
    assert page.status_code == 400
    assert "metadata document" not in page.text


@pytest.mark.parametrize(
    "client_id",
    [
        "https://169.254.169.254/client.json",
        "https://10.0.0.1/client.json",
        "https://[::ffff:10.0.0.1]/client.json",
        "https://[fd00:ec2::254]/client.json",
        "https://0x7f000001/client.json",
        "https://localhost:22/client.json",
    ],
)
def test_a_url_into_the_network_is_never_asked(
    instance: Instance, author: Author, browser: Browser, client_id: str
) -> None:
    page = browser.authorize(author.client(client_id))
    assert page.status_code == 400
    assert "Location" not in page.headers
