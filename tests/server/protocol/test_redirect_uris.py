"""A2 to A5 and A27: which redirect URIs are registered, and which of a request is one of them."""

import pytest

from authly_server.protocol import errors, redirect_uri


GOOD = "https://app.example/cb"


@pytest.mark.parametrize(
    "requested",
    [
        pytest.param("https://app.example/CB", id="case of the path"),
        pytest.param("HTTPS://app.example/cb", id="case of the scheme"),
        pytest.param("https://APP.example/cb", id="case of the host"),
        pytest.param("https://app.example/cb/", id="trailing slash"),
        pytest.param("https://app.example/cb?x=1", id="extra query"),
        pytest.param("https://app.example/cb?", id="empty query"),
        pytest.param("https://app.example/cb#", id="empty fragment"),
        pytest.param("https://app.example/cb#x", id="fragment"),
        pytest.param("https://app.example/%63b", id="escaped letter"),
        pytest.param("https://app.example/%2e/cb", id="escaped dot segment"),
        pytest.param("https://app.example/x/../cb", id="dot segment"),
        pytest.param("https://app.example:443/cb", id="default port"),
        pytest.param("https://app.example:8443/cb", id="other port"),
        pytest.param("https://app.example@evil.example/cb", id="user information"),
        pytest.param("https://x@app.example/cb", id="user information before the host"),
        pytest.param("https://app.example.evil.example/cb", id="longer host"),
        pytest.param("https://app.example\\@evil.example/cb", id="backslash"),
        pytest.param("https://\u0430pp.example/cb", id="cyrillic letter in the host"),
        pytest.param("https://app.example/\tcb", id="tab"),
        pytest.param("https://app.example/cb\n", id="newline"),
        pytest.param(" https://app.example/cb", id="leading space"),
        pytest.param("//app.example/cb", id="without a scheme"),
        pytest.param("http://app.example/cb", id="other scheme"),
        pytest.param("", id="nothing"),
    ],
)
def test_a_uri_that_differs_in_anything_goes_to_a_page(requested: str) -> None:
    with pytest.raises(errors.PageError):
        redirect_uri.check_registered(requested, [GOOD])


def test_the_registered_uri_is_accepted() -> None:
    redirect_uri.check_registered(GOOD, ["https://other.example/", GOOD])


@pytest.mark.parametrize(
    ("registered", "requested"),
    [
        ("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb"),
        ("http://127.0.0.1:3000/cb", "http://127.0.0.1:51004/cb"),
        ("http://127.0.0.1:3000/cb", "http://127.0.0.1/cb"),
        ("http://[::1]/cb", "http://[::1]:51004/cb"),
        ("http://localhost/cb?a=b", "http://localhost:51004/cb?a=b"),
        ("http://127.0.0.1", "http://127.0.0.1:1"),
    ],
)
def test_loopback_uris_match_without_the_port(registered: str, requested: str) -> None:
    redirect_uri.check_registered(requested, [registered])


@pytest.mark.parametrize(
    "requested",
    [
        "http://127.0.0.1:51004/other",
        "http://127.0.0.1:51004/cb?x=1",
        "http://127.0.0.1:51004/cb#",
        "http://localhost:51004/cb",
        "http://[::1]:51004/cb",
        "http://127.0.0.2:51004/cb",
        "https://127.0.0.1:51004/cb",
        "http://127.0.0.1:51004@evil.example/cb",
        "http://127.0.0.1.evil.example:51004/cb",
        "http://127.0.0.1:0/cb",
        "http://127.0.0.1:65536/cb",
        "http://127.0.0.1:/cb",
        "http://127.0.0.1:+80/cb",
        "http://127.0.0.1:٣٠/cb",
        "http://127.0.0.1:99999999999999999999/cb",
        "http:/127.0.0.1/cb",
    ],
)
def test_only_the_port_of_a_loopback_uri_may_differ(requested: str) -> None:
    with pytest.raises(errors.PageError):
        redirect_uri.check_registered(requested, ["http://127.0.0.1/cb"])


def test_an_omitted_uri_is_the_only_one_registered() -> None:
    assert redirect_uri.resolve(None, [GOOD]) == GOOD
    assert redirect_uri.resolve(GOOD, [GOOD, "https://b.example"]) == GOOD


@pytest.mark.parametrize("registered", [[], [GOOD, "https://b.example/"]])
def test_an_omitted_uri_that_is_not_clear_goes_to_a_page(registered: list[str]) -> None:
    with pytest.raises(errors.PageError):
        redirect_uri.resolve(None, registered)


@pytest.mark.parametrize(
    "uri",
    [
        GOOD,
        "https://app.example",
        "https://app.example:8443/cb?tenant=1",
        "https://xn--e1afmkfd.example/",
        "http://127.0.0.1/cb",
        "http://localhost:3000/cb",
        "http://[::1]:3000/",
        "com.example.app:/oauth",
        "com.example.app://oauth",
    ],
)
def test_uris_that_can_be_registered(uri: str) -> None:
    redirect_uri.check_registrable(uri)


@pytest.mark.parametrize(
    "uri",
    [
        pytest.param("", id="nothing"),
        pytest.param("/cb", id="relative"),
        pytest.param("//app.example/cb", id="without a scheme"),
        pytest.param("javascript:alert(1)", id="javascript"),
        pytest.param("data:text/html,x", id="data"),
        pytest.param("myapp://cb", id="scheme without a dot"),
        pytest.param("http://app.example/cb", id="http"),
        pytest.param("http://127.0.0.1.evil.example/", id="http to a host like loopback"),
        pytest.param("http://x@127.0.0.1/", id="loopback with user information"),
        pytest.param("https:///cb", id="no host"),
        pytest.param("https://:443/cb", id="only a port"),
        pytest.param("https://user:pw@app.example/", id="user information"),
        pytest.param("https://*.app.example/", id="wildcard host"),
        pytest.param("https://app.example/*", id="wildcard path"),
        pytest.param("https://app.example/cb#", id="empty fragment"),
        pytest.param("https://app.example/cb#x", id="fragment"),
        pytest.param("https://app.example/../cb", id="dot segment"),
        pytest.param("https://app.example/%2E%2e/cb", id="escaped dot segment"),
        pytest.param("https://app.example:99999/", id="port out of range"),
        pytest.param("https://app.example:x/", id="port that is no number"),
        pytest.param("https://[::1/", id="broken brackets"),
        pytest.param("https://app.example/a b", id="space"),
        pytest.param("https://app.example/\r\nx", id="line break"),
        pytest.param("https://app.example\\x", id="backslash"),
        pytest.param("https://приклад.example/", id="host not in punycode"),
        pytest.param("https://app.example/?code=x", id="code in the query"),
        pytest.param("https://app.example/?a=1&%73tate=", id="escaped state in the query"),
        pytest.param("https://app.example/?iss", id="iss without a value"),
        pytest.param("https://app.example/" + "x" * 2048, id="too long"),
    ],
)
def test_uris_that_cannot_be_registered(uri: str) -> None:
    with pytest.raises(errors.OAuthError) as caught:
        redirect_uri.check_registrable(uri)
    assert caught.value.error == errors.ErrorCode.INVALID_REDIRECT_URI
