"""The scope parameter, RFC 6749 section 3.3: names between single spaces, their order no matter."""

from collections.abc import Iterable, Set as AbstractSet

from authly_server.protocol import characters, errors


MOST_CHARACTERS = 4096
MOST_TOKENS = 100
MOST_TOKEN_CHARACTERS = 255


def parse(text: str) -> frozenset[str]:
    """The names in a scope parameter; a repeated name counts once.

    Raises:
        OAuthError: invalid_scope when it is malformed ("The requested scope is invalid, unknown,
            or malformed", RFC 6749 section 4.1.2.1).
    """
    if len(text) > MOST_CHARACTERS or text.count(" ") >= MOST_TOKENS:
        raise _invalid_scope("the scope has too many names")
    names = text.split(" ")
    if not all(is_scope_token(name) for name in names):
        raise _invalid_scope("the scope must be names between single spaces")
    return frozenset(names)


def format_names(names: Iterable[str]) -> str:
    """The names as a scope parameter, sorted, so that equal scopes are equal strings."""
    return " ".join(sorted(names))


def is_scope_token(name: str) -> bool:
    """scope-token = 1*NQCHAR (RFC 6749 appendix A.4), of at most 255 characters."""
    return 0 < len(name) <= MOST_TOKEN_CHARACTERS and characters.consists_of(
        name, characters.NQCHAR
    )


def check_allowed(requested: AbstractSet[str], allowed: AbstractSet[str]) -> None:
    """No name is asked for beyond those allowed; never silently narrowed or widened.

    Raises:
        OAuthError: invalid_scope, naming what is not allowed.
    """
    excess = requested - allowed
    if excess:
        raise _invalid_scope(f"not allowed for this client: {format_names(excess)}")


def _invalid_scope(description: str) -> errors.OAuthError:
    return errors.OAuthError(errors.ErrorCode.INVALID_SCOPE, description)
