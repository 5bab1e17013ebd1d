"""A10 to A12 and T15: PKCE, RFC 7636."""

import pytest

from authly_server.protocol import errors, pkce


# RFC 7636 appendix B.
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_the_example_of_rfc_7636_holds() -> None:
    assert pkce.s256(VERIFIER) == CHALLENGE


def test_an_s256_challenge_is_accepted_and_so_is_none_at_all() -> None:
    pkce.check_challenge(CHALLENGE, "S256")
    pkce.check_challenge(None, None)


@pytest.mark.parametrize("method", ["plain", None, "s256", "S512", "S256 ", "none"])
def test_other_methods_are_refused(method: str | None) -> None:
    with pytest.raises(errors.OAuthError) as caught:
        pkce.check_challenge(CHALLENGE, method)
    assert caught.value.error == errors.ErrorCode.INVALID_REQUEST


@pytest.mark.parametrize(
    "challenge",
    [
        None,
        "x",
        CHALLENGE[:-1],
        CHALLENGE + "A",
        CHALLENGE[:-1] + "=",
        CHALLENGE[:-1] + "+",
        "ä" * 43,
    ],
)
def test_a_challenge_that_is_not_43_characters_of_base64url_is_refused(
    challenge: str | None,
) -> None:
    with pytest.raises(errors.OAuthError) as caught:
        pkce.check_challenge(challenge, "S256")
    assert caught.value.error == errors.ErrorCode.INVALID_REQUEST


def test_a_challenge_can_be_required() -> None:
    pkce.check_present(CHALLENGE)
    with pytest.raises(errors.OAuthError, match="invalid_request"):
        pkce.check_present(None)


@pytest.mark.parametrize("verifier", [VERIFIER, "a" * 43, "~" * 128, "-._~" * 20])
def test_verifiers_of_43_to_128_unreserved_characters_are_accepted(verifier: str) -> None:
    pkce.check_verifier(verifier)


@pytest.mark.parametrize(
    "verifier", ["", "a" * 42, "a" * 129, "a" * 43 + " ", "a" * 43 + "+", "ä" * 43, "\uff11" * 43]
)
def test_other_verifiers_are_invalid_requests(verifier: str) -> None:
    with pytest.raises(errors.OAuthError) as caught:
        pkce.check_verifier(verifier)
    assert caught.value.error == errors.ErrorCode.INVALID_REQUEST
