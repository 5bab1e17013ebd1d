"""The authorization response: parameters in the query or in a form, with iss (RFC 9207)."""

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from authly_server.protocol.errors import OAuthError


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom the answer goes to: a redirect URI that was believed, and what the client asked for.

    Nobody has looked at a recipient that is not `is_trusted`: it has registered itself.
    """

    redirect_uri: str
    mode: str
    state: str | None
    is_trusted: bool = True


class Refused(Exception):  # noqa: N818  # an answer, not a fault
    """The client gets no code, and is told why by a redirect."""

    def __init__(self, recipient: Recipient, error: OAuthError) -> None:
        super().__init__(str(error))
        self.recipient = recipient
        self.error = error


@dataclass(frozen=True, slots=True)
class AuthorizationResponse:
    """An answer ready to be sent; `parameters` in order, each name once."""

    redirect_uri: str
    mode: str
    parameters: tuple[tuple[str, str], ...]

    @property
    def location(self) -> str:
        """The redirect URI with the parameters in its query.

        Built by hand, for a library's URL type would write the registered URI in its own way.
        A registered URI has no fragment and no character outside of RFC 3986.
        """
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in self.parameters)
        separator = "&" if "?" in self.redirect_uri else "?"
        return f"{self.redirect_uri}{separator}{query}"


def success(recipient: Recipient, issuer: str, code: str) -> AuthorizationResponse:
    """RFC 6749 section 4.1.2 and RFC 9207 section 2."""
    return _response(recipient, issuer, (("code", code),))


def failure(recipient: Recipient, issuer: str, error: OAuthError) -> AuthorizationResponse:
    """RFC 6749 section 4.1.2.1 and RFC 9207 section 2."""
    told = (("error", str(error.error)), ("error_description", error.description))
    return _response(recipient, issuer, told)


def form_target(redirect_uri: str) -> str:
    """The source expression that lets a form of ours end at that URI (CSP form-action).

    Browsers apply form-action to every redirect that follows a form, so that an https client which
    redirects on to another host of its own would break if only its first host were named.
    """
    parts = urlsplit(redirect_uri)
    if parts.scheme == "https":
        return "https:"
    if parts.scheme == "http" and "[" not in parts.netloc:
        return f"http://{parts.netloc}"
    # A source expression cannot hold an IPv6 address; private-use schemes have no host.
    return f"{parts.scheme}:"


def _response(
    recipient: Recipient, issuer: str, parameters: tuple[tuple[str, str], ...]
) -> AuthorizationResponse:
    state = () if recipient.state is None else (("state", recipient.state),)
    return AuthorizationResponse(
        recipient.redirect_uri, recipient.mode, (*parameters, *state, ("iss", issuer))
    )
