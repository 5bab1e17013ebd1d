"""Redirect URIs: which may be registered, and which of a request is a registered one.

They are compared as strings, character by character, and never normalised (RFC 9700 section
2.1, OAuth 2.1 section 2.3.1): what two programs normalise differently is how codes are stolen.
"""

from collections.abc import Sequence
from urllib.parse import SplitResult, parse_qsl, urlsplit

from authly_server.protocol import characters, errors


MOST_CHARACTERS = 2048
# RFC 8252 section 7.3, and localhost because so many native applications use it.
LOOPBACK_HOSTS = ("127.0.0.1", "[::1]", "localhost")
# What an authorization response adds (RFC 6749 section 4.1.2, RFC 9207, OpenID Connect): a
# registered query with one of them would pollute the response.
RESERVED = frozenset(
    {
        "access_token",
        "code",
        "error",
        "error_description",
        "error_uri",
        "expires_in",
        "id_token",
        "iss",
        "response",
        "scope",
        "session_state",
        "state",
        "token_type",
    }
)


def resolve(requested: str | None, registered: Sequence[str]) -> str:
    """The URI to answer to: the one asked for, or the only one registered (RFC 6749, 3.1.2.3).

    Raises:
        PageError: it is not registered, or left out although it is not clear which is meant.
    """
    if requested is not None:
        check_registered(requested, registered)
        return requested
    if len(registered) != 1:
        raise errors.PageError("redirect_uri is required: the client has not exactly one")
    return registered[0]


def check_registered(requested: str, registered: Sequence[str]) -> None:
    """`requested` is a registered URI, exactly or as a loopback one with another port.

    Raises:
        PageError: never a redirect (RFC 6749 section 4.1.2.1).
    """
    if requested in registered:
        return
    portless = _without_loopback_port(requested)
    if portless is None or portless not in map(_without_loopback_port, registered):
        raise errors.PageError("redirect_uri is not one that the client has registered")


def check_registrable(uri: str) -> None:
    """The rules for registering a URI: RFC 6749, 3.1.2; RFC 8252, 7.1 and 8.4; RFC 9700, 4.1.3.

    Absolute, without fragment, user information, wildcard, dot segments or response parameters;
    https, http for loopback hosts, or a private-use scheme with a dot in it.

    Raises:
        OAuthError: invalid_redirect_uri (RFC 7591 section 3.2.2).
    """
    parts = _split(uri)
    if "#" in uri:
        raise _invalid("it has a fragment")
    if "*" in uri:
        raise _invalid("it has a wildcard; each URI is registered in full")
    if "@" in parts.netloc:
        raise _invalid("it has user information")
    _check_scheme(parts)
    if has_dot_segment(parts.path):
        raise _invalid("its path has a . or .. segment")
    if not RESERVED.isdisjoint(name for name, _ in parse_qsl(parts.query, keep_blank_values=True)):
        raise _invalid("its query has a parameter that is reserved for the response")


def _split(uri: str) -> SplitResult:
    if len(uri) > MOST_CHARACTERS:
        raise _invalid("it is too long")
    if not characters.consists_of(uri, characters.URI):
        raise _invalid("it has a character that is not allowed in a URI")
    try:
        parts = urlsplit(uri)
        parts.port  # noqa: B018  # raises for a port that is not a number below 65536
    except ValueError as error:
        raise _invalid("it is not a URI") from error
    return parts


def _check_scheme(parts: SplitResult) -> None:
    if parts.scheme == "https":
        if not parts.hostname:
            raise _invalid("it has no host")
    elif parts.scheme == "http":
        if _loopback_host(parts.netloc) is None:
            raise _invalid("http is allowed for loopback hosts only")
    elif "." not in parts.scheme:
        raise _invalid("its scheme must be https, or a private-use one with a dot in its name")


def has_dot_segment(path: str) -> bool:
    """Whether a path leads up or stays, be that escaped (RFC 3986 section 5.2.4)."""
    segments = path.lower().replace("%2e", ".").split("/")
    return "." in segments or ".." in segments


def _without_loopback_port(uri: str) -> str | None:
    """An http loopback URI without its port, None for every other (RFC 8252 section 7.3)."""
    scheme, separator, rest = uri.partition("://")
    if scheme != "http" or not separator:
        return None
    end = min((at for at in map(rest.find, "/?#") if at >= 0), default=len(rest))
    host = _loopback_host(rest[:end])
    return None if host is None else f"http://{host}{rest[end:]}"


def _loopback_host(authority: str) -> str | None:
    """The loopback host of `host` or `host:port`, None for any other authority."""
    for host in LOOPBACK_HOSTS:
        if authority == host:
            return host
        if authority.startswith(f"{host}:") and _is_port(authority.removeprefix(f"{host}:")):
            return host
    return None


def _is_port(text: str) -> bool:
    # Not str.isdigit alone, which holds for digits of other scripts; five digits are enough.
    return text.isascii() and text.isdigit() and len(text) <= 5 and 0 < int(text) <= 65535  # noqa: PLR2004


def _invalid(reason: str) -> errors.OAuthError:
    return errors.OAuthError(
        errors.ErrorCode.INVALID_REDIRECT_URI, f"the redirect URI cannot be registered: {reason}"
    )
