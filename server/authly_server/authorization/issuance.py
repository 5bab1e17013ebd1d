"""Where consent becomes a code."""

from dataclasses import dataclass
from uuid import UUID

from authly_server import entropy
from authly_server.authorization.claims import Entitlement
from authly_server.model.authorization_code import NewAuthorizationCode
from authly_server.model.client import Client
from authly_server.model.grant import Authentication
from authly_server.model.session import Session
from authly_server.protocol.authorization_request import AuthorizationRequest
from authly_server.storage import authorization_codes
from authly_server.storage.pool import Database
from authly_server.tokens import authorization_code


@dataclass(frozen=True, slots=True)
class Approval:
    """A request of a client, approved by the person of a session; `remember` keeps the consent.

    `entitlement` are the claims asked for one by one that the client may have.
    """

    client: Client
    request: AuthorizationRequest
    session: Session
    remember: bool
    entitlement: Entitlement


async def issue(database: Database, approval: Approval, *, grant_id: UUID, ttl: int) -> str:
    """Write grant, code and consent at once and answer the code, valid for `ttl` seconds.

    Raises:
        storage.errors.Vanished: client or user is gone.
        storage.errors.AlreadyIssued: there is a grant of that id; nothing was written.
    """
    code = authorization_code.create(grant_id, entropy.draw(authorization_code.RANDOM_BYTES))
    request, session = approval.request, approval.session
    written = NewAuthorizationCode(
        grant_id=grant_id,
        digest=code.digest,
        client_id=approval.client.id,
        user_id=session.user_id,
        scopes=request.scopes,
        resources=request.resources,
        redirect_uri=request.redirect_uri,
        code_challenge=request.code_challenge,
        ttl=ttl,
        nonce=request.nonce,
        authentication=Authentication(session.id, session.authenticated_at, session.acr),
        id_token_claims=approval.entitlement.id_token,
        userinfo_claims=approval.entitlement.userinfo,
        claim_scopes=approval.entitlement.scopes,
        dpop_jkt=request.dpop_jkt,
    )
    await authorization_codes.issue(database, written, remember_consent=approval.remember)
    return code.text
