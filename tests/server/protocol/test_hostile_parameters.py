"""The rows of the bad-input table that the protocol's parsers answer."""

import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given, strategies as st

from authly_server.protocol import (
    authorization_request,
    basic,
    bearer,
    errors,
    parameters,
    pkce,
    redirect_uri,
    scope,
    token_request,
)


REGISTERED = ("https://app.example.com/cb", "http://127.0.0.1/cb", "http://[::1]:1/cb")
ASK = "client_id=app&response_type=code"
CHALLENGE = "c" * 43


@given(st.binary(max_size=300))
def test_any_body_is_parameters_or_an_oauth_error(body: bytes) -> None:
    try:
        read = parameters.parse_form(body, repeats=True)
    except errors.OAuthError:
        return
    assert all(value and "\0" not in value for many in read.values.values() for value in many)


@given(st.text(max_size=200))
def test_any_query_is_a_request_or_a_named_error(raw: str) -> None:
    with contextlib.suppress(errors.OAuthError, errors.PageError):
        authorization_request.parse(parameters.parse_query(raw, repeats=True))


@given(st.text(max_size=200))
def test_any_header_is_credentials_or_a_refusal(header: str) -> None:
    for parser in (basic.parse, bearer.find):
        for candidate in (header, "Basic " + header, "Bearer " + header):
            with contextlib.suppress(errors.OAuthError):
                parser(candidate)


@given(st.sets(st.text(st.sampled_from("abc:/._-"), min_size=1, max_size=9), min_size=1))
def test_a_scope_survives_being_written_and_read(names: set[str]) -> None:
    assert scope.parse(scope.format_names(names)) == names


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"a=%00", id="NUL"),
        pytest.param(b"a=%ff", id="invalid UTF-8"),
        pytest.param(b"a=%ed%a0%80", id="encoded surrogate"),
        pytest.param(b"a=1&a=2", id="repeated"),
        pytest.param(b"a=" + b"x" * 70_000, id="too large"),
        pytest.param(b"a&" * 101, id="too many"),
    ],
)
def test_a_broken_form_is_an_invalid_request(body: bytes) -> None:
    with pytest.raises(errors.OAuthError) as refused:
        parameters.parse_form(body)
    assert refused.value.error == "invalid_request"


def test_an_empty_parameter_is_absent_and_a_resource_may_repeat() -> None:
    read = parameters.parse_form(b"state=&resource=https://a&resource=https://b")
    assert read.get("state") is None
    assert read.get_all("resource") == ("https://a", "https://b")


@pytest.mark.parametrize(
    "presented",
    [
        "https://app.example.com/CB",
        "https://app.example.com/cb/",
        "https://app.example.com/cb?x=1",
        "https://app.example.com/%63b",
        "https://app.example.com/x/../cb",
        "https://app.example.com:443/cb",
        "https://app.example.com@evil.example/cb",
        "https://app.example.com.evil.example/cb",
        "https://аpp.example.com/cb",  # noqa: RUF001  # the homoglyph is the point
        "https://app.example.com\\cb",
        "https://app.example.com/cb\n",
        "https://app.example.com/cb#x",
        "http://127.0.0.1:0/cb",
        "http://127.0.0.1:65536/cb",
        "http://127.0.0.1:1@evil.example/cb",
        "http://127.0.0.1.evil.example/cb",
        "http://127.0.0.1:8080/other",
        "https://127.0.0.1:8080/cb",
    ],
)
def test_a_redirect_uri_that_is_not_registered_to_the_letter_is_a_page(presented: str) -> None:
    with pytest.raises(errors.PageError):
        redirect_uri.check_registered(presented, REGISTERED)


@given(st.integers(1, 65535), st.sampled_from(["127.0.0.1", "[::1]"]))
def test_a_loopback_redirect_may_have_any_port(port: int, host: str) -> None:
    redirect_uri.check_registered(f"http://{host}:{port}/cb", REGISTERED)


@pytest.mark.parametrize(
    "uri",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "myapp:/cb",
        "http://app.example.com/cb",
        "https:///cb",
        "https://u@app.example.com/cb",
        "https://app.example.com/cb#f",
        "https://app.example.com/cb?code=x",
        "https://app.example.com/a/%2E./cb",
        "https://app.example.com:99999/cb",
        "https://[/cb",
        "",
    ],
)
def test_a_dangerous_redirect_uri_cannot_be_registered(uri: str) -> None:
    with pytest.raises(errors.OAuthError) as refused:
        redirect_uri.check_registrable(uri)
    assert refused.value.error == "invalid_redirect_uri"


@pytest.mark.parametrize(
    "query", ["", "client_id=a&client_id=b", f"{ASK}&redirect_uri=a&redirect_uri=b"]
)
def test_an_uncertain_client_or_redirect_uri_is_a_page(query: str) -> None:
    with pytest.raises(errors.PageError):
        authorization_request.parse(parameters.parse_query(query, repeats=True))


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("client_id=app", "invalid_request"),
        ("client_id=app&response_type=token", "unsupported_response_type"),
        (f"{ASK}&state=a&state=b", "invalid_request"),
        (f"{ASK}&state={'s' * 5000}", "invalid_request"),
        (f"{ASK}&code_challenge={CHALLENGE}", "invalid_request"),
        (f"{ASK}&code_challenge={CHALLENGE}&code_challenge_method=plain", "invalid_request"),
        (f"{ASK}&code_challenge={CHALLENGE}&code_challenge_method=s256", "invalid_request"),
        (f"{ASK}&code_challenge=short&code_challenge_method=S256", "invalid_request"),
        (f"{ASK}&scope=%22", "invalid_scope"),
        (f"{ASK}&resource=/relative", "invalid_target"),
        (f"{ASK}&resource=https://a%23f", "invalid_target"),
        (f"{ASK}&prompt=none+login", "invalid_request"),
        (f"{ASK}&max_age=-1", "invalid_request"),
        (f"{ASK}&max_age=1{'0' * 30}", "invalid_request"),
        (f"{ASK}&max_age=%EF%BC%91", "invalid_request"),
        (f"{ASK}&request_uri=http://169.254.169.254/", "request_uri_not_supported"),
    ],
)
def test_a_faulty_authorization_request_has_its_error(query: str, error: str) -> None:
    with pytest.raises(errors.OAuthError) as refused:
        authorization_request.parse(parameters.parse_query(query, repeats=True))
    assert refused.value.error == error


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", "invalid_request"),
        (b"grant_type=password", "unsupported_grant_type"),
        (b"grant_type=authorization_code", "invalid_request"),
        (b"grant_type=authorization_code&code=c&code_verifier=short", "invalid_request"),
        (b"grant_type=refresh_token", "invalid_request"),
        (b"grant_type=client_credentials&scope=%5C", "invalid_scope"),
        (b"grant_type=client_credentials&resource=x", "invalid_target"),
    ],
)
def test_a_faulty_token_request_has_its_error(body: bytes, error: str) -> None:
    with pytest.raises(errors.OAuthError) as refused:
        token_request.parse(parameters.parse_form(body))
    assert refused.value.error == error


@pytest.mark.parametrize("verifier", ["v" * 42, "v" * 129, "v" * 42 + "=", "v" * 42 + "é"])
def test_a_misshapen_verifier_is_refused(verifier: str) -> None:
    with pytest.raises(errors.OAuthError):
        pkce.check_verifier(verifier)


def test_the_challenge_of_the_rfcs_appendix_is_computed() -> None:
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert pkce.s256(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@pytest.mark.parametrize("make", [errors.invalid_request, errors.PageError])
def test_errors_can_be_made_of_a_line(make: Callable[[str], Exception]) -> None:
    assert "line" in str(make("a line"))
