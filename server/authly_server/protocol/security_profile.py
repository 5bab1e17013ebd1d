"""What a profile demands of every client, whatever it has registered: one table a profile.

The demands of FAPI 2.0 are those of its Security Profile (final, 2025), by their clauses; what is
not named here holds for every profile: `iss` in each answer (5.3.2.2, 7), codes and request_uris
that are used once (9), redirects by 303 (11), no password grant (5.3.2.1, 2).
"""

from dataclasses import dataclass
from typing import Final

from authly_server.protocol import public_key
from authly_server.protocol.errors import ErrorCode, OAuthError


@dataclass(frozen=True, slots=True)
class Profile:
    """The demands; the name is the one of the setting OAUTH_PROFILE."""

    name: str
    proves_by_key: bool = False
    """Clients prove themselves by private_key_jwt, and so none of them is public."""
    names_issuer_alone: bool = False
    """An assertion's aud is the issuer, as a string."""
    binds_tokens: bool = False
    """Every access token is bound to a key by DPoP."""
    pushes_requests: bool = False
    """Every authorization request is pushed."""
    names_redirect_uri: bool = False
    """Every authorization request has a redirect_uri."""
    rotates_refresh_tokens: bool = True
    """A refresh token is good once; else it stays, and only its key's owner can use it."""
    algorithms: tuple[str, ...] = public_key.ALGORITHMS
    """What JWTs may be signed by: clients' assertions and proofs, and ID tokens."""


OAUTH21: Final = Profile("oauth21")
FAPI2: Final = Profile(
    "fapi2",
    proves_by_key=True,  # 5.3.2.1, 3 and 6; of the two methods there is no mTLS here
    names_issuer_alone=True,  # 5.3.2.1, 8
    binds_tokens=True,  # 5.3.2.1, 4 and 5
    pushes_requests=True,  # 5.3.2.2, 3 and 4
    names_redirect_uri=True,  # 5.3.2.2, 6
    rotates_refresh_tokens=False,  # 5.3.2.1, 9
    algorithms=("ES256", "EdDSA", "PS256"),  # 5.4.1
)
PROFILES: Final = {profile.name: profile for profile in (OAUTH21, FAPI2)}


def check_method(profile: Profile, *, has_assertion: bool) -> None:
    """Whether a client may prove itself in that way; asked before it is known who it claims to be.

    Raises:
        OAuthError: invalid_client ("unsupported authentication method", RFC 6749 section 5.2).
    """
    if profile.proves_by_key and not has_assertion:
        message = "clients of this server prove themselves by private_key_jwt (FAPI 2.0)"
        raise OAuthError(ErrorCode.INVALID_CLIENT, message)
