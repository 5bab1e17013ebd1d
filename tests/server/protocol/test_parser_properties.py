"""Whatever comes in, parsers answer a value or a named OAuth error, and what is written is read."""

import base64
from collections.abc import Callable
from urllib.parse import quote_plus, urlencode

import pytest
from hypothesis import given, strategies as st

from authly_server.protocol import (
    authorization_request,
    basic,
    bearer,
    device_authorization,
    dpop,
    errors,
    logout_request,
    parameters,
    pkce,
    presented_token,
    redirect_uri,
    resource_indicator,
    scope,
    token_request,
)


# Lone surrogates included: a header or a line of a request may hold them.
ANY_TEXT = st.text(st.characters(codec=None))
UNICODE = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
NAMES = st.sampled_from(
    [
        "client_id",
        "redirect_uri",
        "response_type",
        "response_mode",
        "scope",
        "state",
        "nonce",
        "prompt",
        "max_age",
        "resource",
        "code_challenge",
        "code_challenge_method",
        "grant_type",
        "code",
        "code_verifier",
        "refresh_token",
        "device_code",
        "subject_token",
        "subject_token_type",
        "actor_token",
        "actor_token_type",
        "audience",
        "dpop_jkt",
        "token",
        "request",
        "id_token_hint",
        "post_logout_redirect_uri",
        "claims",
        "x",
    ]
)
VALUES = UNICODE | st.sampled_from(
    [
        "code",
        "authorization_code",
        "refresh_token",
        "client_credentials",
        token_request.DEVICE_CODE,
        token_request.TOKEN_EXCHANGE,
        token_request.ACCESS_TOKEN,
        "S256",
        "none",
        "0",
        "read",
        "https://a.example/",
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    ]
)
PAIRS = st.lists(st.tuples(NAMES, VALUES))


def answers(parse: Callable[[], object]) -> None:
    """Call it; every exception but an OAuth error that could be sent as it is fails the test."""
    refused = _refusal(parse)
    if refused is not None:
        assert refused.error in errors.ErrorCode
        assert refused.description == errors.printable(refused.description)
        assert 400 <= refused.status < 500


def _refusal(parse: Callable[[], object]) -> errors.OAuthError | None:
    try:
        parse()
    except errors.OAuthError as error:
        return error
    return None


@given(st.binary() | st.text("%+&=0aF\0", max_size=40).map(str.encode))
def test_any_body_is_read_or_refused(body: bytes) -> None:
    answers(lambda: parameters.parse_form(body))


@given(ANY_TEXT)
def test_any_query_is_read_or_refused(raw: str) -> None:
    answers(lambda: parameters.parse_query(raw, repeats=True))


@given(st.dictionaries(UNICODE.filter(lambda name: len(name) <= 128), UNICODE, max_size=20))
def test_what_a_browser_encodes_is_read_back(values: dict[str, str]) -> None:
    read = parameters.parse_form(urlencode(values).encode())
    assert {name: read.get(name) for name in read.values} == {
        name: value for name, value in values.items() if value
    }


@given(PAIRS)
def test_any_authorization_request_is_read_or_refused(pairs: list[tuple[str, str]]) -> None:
    read = parameters.parse_query(urlencode(pairs), repeats=True)
    answers(lambda: authorization_request.identify(read))
    answers(lambda: authorization_request.parse(read))
    answers(lambda: logout_request.parse(read))
    answers(lambda: authorization_request.find_state(read))
    answers(lambda: authorization_request.find_response_mode(read))


@given(PAIRS)
def test_any_token_request_is_read_or_refused(pairs: list[tuple[str, str]]) -> None:
    read = parameters.parse_query(urlencode(pairs), repeats=True)
    answers(lambda: token_request.parse(read))
    answers(lambda: token_request.parse_refresh(read))
    answers(lambda: presented_token.parse(read))
    answers(lambda: device_authorization.parse(read))


@pytest.mark.parametrize(
    "parse",
    [
        basic.parse,
        bearer.find,
        dpop.find_token,
        scope.parse,
        pkce.check_verifier,
        redirect_uri.check_registrable,
        lambda text: pkce.check_challenge(text, text),
        lambda text: resource_indicator.parse([text]),
        lambda text: resource_indicator.parse_targets([text], [text]),
        lambda text: redirect_uri.check_registered(text, ["http://127.0.0.1/cb"]),
    ],
)
@given(
    text=ANY_TEXT
    | st.sampled_from(["https://", "http://127.0.0.1:", "Basic ", "DPoP "]).flatmap(
        lambda start: ANY_TEXT.map(lambda rest: start + rest)
    )
)
def test_any_text_is_read_or_refused(parse: Callable[[str], object], text: str) -> None:
    answers(lambda: parse(text))


@given(
    st.sets(
        st.text(
            st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters='"\\'),
            min_size=1,
            max_size=30,
        ),
        min_size=1,
        max_size=20,
    )
)
def test_a_scope_that_was_written_is_read_back(names: set[str]) -> None:
    assert scope.parse(scope.format_names(names)) == names


@given(
    st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=60),
    st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=60),
)
def test_encoded_credentials_are_read_back(client_id: str, secret: str) -> None:
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}".encode()
    read = basic.parse("Basic " + base64.b64encode(pair).decode())
    assert (read.client_id, read.secrets[0]) == (client_id, secret)


@given(st.text(st.sampled_from("abc123-._~"), min_size=43, max_size=128))
def test_a_challenge_of_any_verifier_is_well_formed(verifier: str) -> None:
    pkce.check_verifier(verifier)
    pkce.check_challenge(pkce.s256(verifier), pkce.METHOD)


@given(ANY_TEXT)
def test_only_the_port_of_a_loopback_uri_ever_differs(text: str) -> None:
    registered = "http://127.0.0.1/cb"
    requested = f"http://127.0.0.1{text}/cb"
    try:
        redirect_uri.check_registered(requested, [registered])
    except errors.PageError:
        return
    assert text == "" or (text[0] == ":" and text[1:].isascii() and text[1:].isdigit())
