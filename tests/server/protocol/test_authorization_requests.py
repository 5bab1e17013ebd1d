"""A4, A6 to A16, A19, A23 and A29 where authorization requests are read."""

from urllib.parse import urlencode

import pytest

from authly_server.protocol import authorization_request, errors, parameters


CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
GOOD = {
    "client_id": "web",
    "redirect_uri": "https://app.example/cb",
    "response_type": "code",
    "scope": "read write",
    "state": "s",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


def query(values: dict[str, str], extra: str = "") -> parameters.Parameters:
    return parameters.parse_query(urlencode(values) + extra, repeats=True)


def refused(extra: str = "", **changes: str) -> errors.OAuthError:
    with pytest.raises(errors.OAuthError) as caught:
        authorization_request.parse(query(GOOD | changes, extra))
    return caught.value


def test_a_good_request_is_read() -> None:
    read = authorization_request.parse(query(GOOD, "&resource=urn:a:1&resource=urn:a:2"))
    assert (read.client_id, read.redirect_uri) == ("web", "https://app.example/cb")
    assert read.scopes == {"read", "write"}
    assert (read.state, read.code_challenge) == ("s", CHALLENGE)
    assert read.resources == ("urn:a:1", "urn:a:2")
    assert (read.response_type, read.response_mode) == ("code", "query")


def test_what_is_optional_may_be_left_out_or_empty() -> None:
    values = {"client_id": "web", "response_type": "code", "redirect_uri": "", "scope": ""}
    read = authorization_request.parse(query(values))
    assert (read.redirect_uri, read.state, read.code_challenge) == (None, None, None)
    assert (read.scopes, read.prompt, read.max_age) == (frozenset(), frozenset(), None)


def test_unknown_parameters_are_ignored_even_twice_seen_only_by_name() -> None:
    known = authorization_request.parse(query(GOOD))
    assert authorization_request.parse(query(GOOD, "&surprise=1&display=page")) == known


@pytest.mark.parametrize("extra", ["&client_id=web", "&redirect_uri=https://evil.example"])
def test_a_repeated_client_id_or_redirect_uri_goes_to_a_page(extra: str) -> None:
    assert isinstance(refused(extra), errors.PageError)


@pytest.mark.parametrize("client_id", ["", "ä", "a\nb", "x" * 256])
def test_a_missing_or_malformed_client_id_goes_to_a_page(client_id: str) -> None:
    assert isinstance(refused(client_id=client_id), errors.PageError)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": ""}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "id_token"}, "unsupported_response_type"),
        ({"response_type": "code token"}, "unsupported_response_type"),
        ({"response_type": "CODE"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"response_mode": "query.jwt"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": ""}, "invalid_request"),
        ({"code_challenge_method": "s256"}, "invalid_request"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge": "x" * 42}, "invalid_request"),
        ({"scope": 'a"b'}, "invalid_scope"),
        ({"scope": "a  b"}, "invalid_scope"),
        ({"resource": "relative"}, "invalid_target"),
        ({"resource": "https://a/#b"}, "invalid_target"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "1.5"}, "invalid_request"),
        ({"max_age": "\uff11"}, "invalid_request"),
        ({"max_age": "²"}, "invalid_request"),
        ({"max_age": "1" + "0" * 30}, "invalid_request"),
        ({"state": "x" * 4097}, "invalid_request"),
        ({"nonce": "x" * 2049}, "invalid_request"),
        ({"request": "e30."}, "request_not_supported"),
        ({"request_uri": "https://internal.example/"}, "request_uri_not_supported"),
        ({"registration": "{}"}, "registration_not_supported"),
    ],
)
def test_bad_requests_have_an_error_that_their_client_learns(
    changes: dict[str, str], error: str
) -> None:
    raised = refused(**changes)
    assert not isinstance(raised, errors.PageError)
    assert raised.error == error


@pytest.mark.parametrize(
    "name", ["state", "scope", "code_challenge", "response_type", "nonce", "surprise"]
)
def test_another_repeated_parameter_is_an_invalid_request(name: str) -> None:
    raised = refused(f"&{name}=1&{name}=2")
    assert not isinstance(raised, errors.PageError)
    assert raised.error == errors.ErrorCode.INVALID_REQUEST


@pytest.mark.parametrize("state", ['"<script>', "a\r\nb", "\U0001f600", "a&b=c%20", "x" * 4096])
def test_a_state_is_kept_exactly(state: str) -> None:
    read = query(GOOD | {"state": state})
    assert authorization_request.parse(read).state == state
    assert authorization_request.find_state(read) == state


def test_there_is_no_state_to_send_back_where_it_is_repeated_or_too_long() -> None:
    assert authorization_request.find_state(query(GOOD, "&state=other")) is None
    assert authorization_request.find_state(query(GOOD | {"state": "x" * 4097})) is None
    assert authorization_request.find_state(query({"client_id": "web"})) is None


def test_an_error_is_answered_in_the_mode_asked_for_if_it_is_one_of_ours() -> None:
    modes = ["form_post", "query", "fragment", ""]
    found = [authorization_request.find_response_mode(query({"response_mode": m})) for m in modes]
    assert found == ["form_post", "query", "query", "query"]


@pytest.mark.parametrize(
    ("sent", "read"),
    [("none", {"none"}), ("login consent", {"login", "consent"}), ("surprise login", {"login"})],
)
def test_prompts_are_read_and_unknown_ones_ignored(sent: str, read: set[str]) -> None:
    assert authorization_request.parse(query(GOOD | {"prompt": sent})).prompt == read


def test_a_max_age_of_zero_is_a_number_like_others() -> None:
    ages = [authorization_request.parse(query(GOOD | {"max_age": a})).max_age for a in ("0", "60")]
    assert ages == [0, 60]
