"""Proof Key for Code Exchange, RFC 7636; of its two methods only S256 (RFC 9700 section 2.1.1)."""

import base64
import hashlib

from authly_server.protocol import characters, errors


METHOD = "S256"
CHALLENGE_CHARACTERS = 43
FEWEST_VERIFIER_CHARACTERS = 43
MOST_VERIFIER_CHARACTERS = 128


def s256(code_verifier: str) -> str:
    """BASE64URL-ENCODE(SHA256(ASCII(code_verifier))), RFC 7636 section 4.2."""
    digest = hashlib.sha256(code_verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def check_challenge(code_challenge: str | None, code_challenge_method: str | None) -> None:
    """What an authorization request sends: nothing at all, or an S256 challenge.

    RFC 7636 section 4.3: a missing method means "plain", which OAuth 2.1 section 7.5.1 forbids.

    Raises:
        OAuthError: invalid_request.
    """
    if code_challenge is None and code_challenge_method is None:
        return
    if code_challenge_method != METHOD:
        raise errors.invalid_request("code_challenge_method must be S256")
    if code_challenge is None:
        raise errors.invalid_request("code_challenge_method without code_challenge")
    if len(code_challenge) != CHALLENGE_CHARACTERS or not characters.consists_of(
        code_challenge, characters.BASE64URL
    ):
        raise errors.invalid_request("code_challenge must be 43 characters of base64url")


def check_present(code_challenge: str | None) -> None:
    """For clients that must use PKCE, every client by default (OAuth 2.1 section 4.1.1).

    Raises:
        OAuthError: invalid_request, as RFC 7636 section 4.4.1 asks.
    """
    if code_challenge is None:
        raise errors.invalid_request("code_challenge is required")


def check_verifier(code_verifier: str) -> None:
    """RFC 7636 section 4.1: 43 to 128 unreserved characters.

    Raises:
        OAuthError: invalid_request.
    """
    length = len(code_verifier)
    if not FEWEST_VERIFIER_CHARACTERS <= length <= MOST_VERIFIER_CHARACTERS:
        raise errors.invalid_request("code_verifier must have 43 to 128 characters")
    if not characters.consists_of(code_verifier, characters.UNRESERVED):
        raise errors.invalid_request("code_verifier has a character that RFC 7636 does not allow")
