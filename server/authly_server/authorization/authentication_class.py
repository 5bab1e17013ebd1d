"""How a person has to have proved who they are, where a client insists (acr).

OpenID Connect Core section 5.5.1.1. What a client would merely like (acr_values) changes nothing:
whoever has a second factor shows it anyway, and who has none cannot.
"""

from authly_server.model.session import ACRS
from authly_server.protocol.authorization_request import AuthorizationRequest


def demanded(request: AuthorizationRequest) -> frozenset[str] | None:
    """The classes of which it has to be one; None where any will do."""
    wanted = request.claims.id_token.get("acr")
    if wanted is None or not wanted.is_essential or not wanted.values:
        return None
    return frozenset(value for value in wanted.values if isinstance(value, str))


def told(request: AuthorizationRequest, acr: str) -> str | None:
    """What the client is told of a sign-in of that class; None if that is not what it demands.

    Who has shown more than was demanded is told of by what was.
    """
    wanted = demanded(request)
    if wanted is None or acr in wanted:
        return acr
    weaker = ACRS[: ACRS.index(acr)] if acr in ACRS else ()
    return next((each for each in reversed(weaker) if each in wanted), None)
