"""Who wants a person signed out, as far as an ID token proves it; RP-Initiated Logout section 2."""

from dataclasses import dataclass
from urllib.parse import quote

from authly_server.model.client import Client
from authly_server.model.session import Session
from authly_server.protocol.logout_request import LogoutRequest
from authly_server.storage.registry import Registry
from authly_server.tokens import id_token
from authly_server.tokens.id_token import Hint
from authly_server.tokens.keyring import KeyRing
from authly_server.tokens.refusal import TokenRefused


@dataclass(frozen=True, slots=True)
class Claimant:
    """A client with an ID token that was issued to it, be it expired."""

    client: Client
    hint: Hint

    def may_end(self, session: Session) -> bool:
        """Whether its ID token is of this very session; for another the person is asked.

        "the OP SHOULD treat the logout request as suspect" where sid or sub are not the session's.
        """
        return (self.hint.subject, self.hint.session_id) == (str(session.user_id), str(session.id))

    def destination(self, request: LogoutRequest) -> str | None:
        """Where the person goes afterwards: a URI that is registered exactly so, with state."""
        uri = request.post_logout_redirect_uri
        if uri is None or uri not in self.client.post_logout_redirect_uris:
            return None
        if request.state is None:
            return uri
        separator = "&" if "?" in uri else "?"
        return f"{uri}{separator}state={quote(request.state, safe='')}"


async def recognise(
    registry: Registry, ring: KeyRing, issuer: str, request: LogoutRequest
) -> Claimant | None:
    """The claimant; None where no hint proves one, and so nothing of the request is believed.

    Raises:
        storage.errors.Unavailable: the client is not cached, and the database does not answer.
    """
    if request.id_token_hint is None:
        return None
    try:
        hint = id_token.read_hint(ring, request.id_token_hint, issuer)
    except TokenRefused:
        return None
    if len(hint.audience) != 1 or request.client_id not in {None, *hint.audience}:
        return None
    client = await registry.client(hint.audience[0])
    return Claimant(client, hint) if client is not None and client.enabled else None
