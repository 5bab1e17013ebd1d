"""The request that introspection (RFC 7662 section 2.1) and revocation (RFC 7009, 2.1) share."""

from dataclasses import dataclass, field

from authly_server.protocol import errors
from authly_server.protocol.parameters import Parameters


@dataclass(frozen=True, slots=True)
class PresentedToken:
    """A token to look at or to revoke.

    `hint` only says where to look first; a wrong or unknown one changes nothing (RFC 7009
    section 2.1: "the server MUST extend its search across all of its supported token types").
    """

    token: str = field(repr=False)
    hint: str | None


def parse(parameters: Parameters) -> PresentedToken:
    """Read the parameters of either request.

    Raises:
        OAuthError: invalid_request if there is no token.
    """
    token = parameters.get("token")
    if token is None:
        raise errors.invalid_request("token is missing")
    return PresentedToken(token, parameters.get("token_type_hint"))
