"""The request to introspect or to revoke a token (RFC 7662 section 2.1, RFC 7009 section 2.1)."""

from dataclasses import dataclass, field

from authly_server.protocol.parameters import Parameters


@dataclass(frozen=True, slots=True)
class TokenReference:
    """The token asked about; `hint` may be wrong or unknown and then only costs time."""

    token: str = field(repr=False)
    hint: str | None = None


def parse(parameters: Parameters) -> TokenReference:
    """Return the reference; raises OAuthError invalid_request where the token is missing."""
    return TokenReference(parameters.require("token"), parameters.get("token_type_hint"))
