"""The client credentials grant, RFC 6749 section 4.4: nothing is written, nothing is read."""

from authly_server.grants.issuing import Issue, Issuing, Outcome
from authly_server.model.client import Client
from authly_server.protocol import scope
from authly_server.protocol.token_request import ClientCredentialsRequest


# Both speak of a person: there is none to be told of, and none who could be offline.
ABOUT_PEOPLE = frozenset({"openid", "offline_access"})


async def exchange(_: Issuing, client: Client, request: ClientCredentialsRequest) -> Outcome:
    """Issue for the client itself.

    Raises:
        OAuthError: invalid_scope for a scope that only makes sense with a user.
    """
    allowed = client.scopes - ABOUT_PEOPLE
    scopes = allowed if request.scopes is None else request.scopes
    scope.check_allowed(scopes, allowed)
    return Issue(client.client_id, scopes, request.resources)
