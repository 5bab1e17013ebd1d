"""T3 to T5, T14 and T15 where token requests are read."""

from urllib.parse import urlencode

import pytest

from authly_server.protocol import errors, parameters, presented_token, token_request
from authly_server.protocol.token_request import (
    AuthorizationCodeRequest,
    ClientCredentialsRequest,
    RefreshTokenRequest,
)


VERIFIER = "v" * 43
CODE = {"grant_type": "authorization_code", "code": "ac_1"}
REFRESH = {"grant_type": "refresh_token", "refresh_token": "art_1"}


def form(**values: str) -> parameters.Parameters:
    return parameters.parse_form(urlencode(values).encode())


def refused(**values: str) -> errors.ErrorCode:
    with pytest.raises(errors.OAuthError) as caught:
        token_request.parse(form(**values))
    return caught.value.error


def test_a_code_request_is_read() -> None:
    read = token_request.parse(form(**CODE, redirect_uri="https://a/", code_verifier=VERIFIER))
    assert read == AuthorizationCodeRequest("ac_1", "https://a/", VERIFIER, ())


def test_a_code_request_may_leave_out_redirect_uri_and_verifier() -> None:
    assert token_request.parse(form(**CODE)) == AuthorizationCodeRequest("ac_1", None, None, ())


def test_a_refresh_request_is_read() -> None:
    read = token_request.parse(form(**REFRESH, scope="b a"))
    assert read == RefreshTokenRequest("art_1", frozenset({"a", "b"}), ())


def test_a_client_credentials_request_is_read() -> None:
    body = b"grant_type=client_credentials&resource=urn:a:1&resource=urn:a:2"
    read = token_request.parse(parameters.parse_form(body))
    assert read == ClientCredentialsRequest(None, ("urn:a:1", "urn:a:2"))


def test_each_request_says_its_grant_type() -> None:
    read = [token_request.parse(form(**values)) for values in (CODE, REFRESH)]
    assert [request.grant_type for request in read] == ["authorization_code", "refresh_token"]


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": ""}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "implicit"}, "unsupported_grant_type"),
        ({"grant_type": "Authorization_Code"}, "unsupported_grant_type"),
        ({"grant_type": "authorization_code "}, "unsupported_grant_type"),
        ({"grant_type": "authorization_code"}, "invalid_request"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        ({"grant_type": "client_credentials", "scope": " "}, "invalid_scope"),
        (REFRESH | {"resource": "x"}, "invalid_target"),
        (CODE | {"code_verifier": "v" * 42}, "invalid_request"),
        (CODE | {"code_verifier": "v" * 129}, "invalid_request"),
        (CODE | {"code_verifier": "ü" * 43}, "invalid_request"),
    ],
)
def test_bad_token_requests_have_the_error_of_rfc_6749(values: dict[str, str], error: str) -> None:
    assert refused(**values) == error


def test_unknown_parameters_are_ignored() -> None:
    assert token_request.parse(form(**CODE, surprise="1")) == token_request.parse(form(**CODE))


def test_the_refresh_endpoint_does_not_ask_for_a_grant_type() -> None:
    assert token_request.parse_refresh(form(refresh_token="art_1")).refresh_token == "art_1"
    with pytest.raises(errors.OAuthError):
        token_request.parse_refresh(form(grant_type="password", refresh_token="art_1"))


def test_no_credential_is_in_a_representation() -> None:
    request = token_request.parse(form(**CODE, code_verifier=VERIFIER))
    assert "ac_1" not in repr(request)
    assert VERIFIER not in repr(request)


def test_a_token_to_look_at_comes_with_a_hint_that_may_be_anything() -> None:
    read = presented_token.parse(form(token="t", token_type_hint="surprise"))
    assert (read.token, read.hint) == ("t", "surprise")


def test_a_token_to_look_at_is_required() -> None:
    with pytest.raises(errors.OAuthError, match="invalid_request"):
        presented_token.parse(form(token=""))
