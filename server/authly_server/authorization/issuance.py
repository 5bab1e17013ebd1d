"""Where consent becomes a code."""

from dataclasses import dataclass, replace
from uuid import UUID

from authly_server import entropy
from authly_server.authorization import authentication_class
from authly_server.authorization.claims import Entitlement
from authly_server.model.authorization_code import NewAuthorizationCode
from authly_server.model.client import Client
from authly_server.model.grant import Authentication
from authly_server.model.session import Session
from authly_server.protocol.authorization_request import AuthorizationRequest
from authly_server.storage import authorization_codes
from authly_server.storage.pool import Database
from authly_server.tokens import authorization_code
from authly_server.tokens.authorization_code import AuthorizationCode


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
    acr = authentication_class.told(request, session.acr) or session.acr
    new = _new(approval.client, request, approval.entitlement, code, ttl)
    written = replace(
        new,
        user_id=session.user_id,
        authentication=Authentication(session.id, session.authenticated_at, acr),
    )
    await authorization_codes.issue(database, written, remember_consent=approval.remember)
    return code.text


async def issue_in_session(
    database: Database,
    client: Client,
    request: AuthorizationRequest,
    entitlement: Entitlement,
    *,
    session_digest: bytes,
    consent_required: bool,
    ttl: int,
) -> str | None:
    """Write grant and code if that session is live and, where it is required, consent was given.

    None where they are not, and nothing is written. Raises as `issue`.
    """
    grant_id = UUID(bytes=entropy.draw(16), version=4)
    code = authorization_code.create(grant_id, entropy.draw(authorization_code.RANDOM_BYTES))
    written = _new(client, request, entitlement, code, ttl)
    is_issued = await authorization_codes.issue_in_session(
        database, written, session_digest=session_digest, consent_required=consent_required
    )
    return code.text if is_issued else None


def _new(
    client: Client,
    request: AuthorizationRequest,
    entitlement: Entitlement,
    code: AuthorizationCode,
    ttl: int,
) -> NewAuthorizationCode:
    """All that is to be written but for whose grant it is."""
    return NewAuthorizationCode(
        grant_id=code.grant_id,
        digest=code.digest,
        client_id=client.id,
        user_id=None,
        scopes=request.scopes,
        resources=request.resources,
        redirect_uri=request.redirect_uri,
        code_challenge=request.code_challenge,
        ttl=ttl,
        nonce=request.nonce,
        id_token_claims=entitlement.id_token,
        userinfo_claims=entitlement.userinfo,
        claim_scopes=entitlement.scopes,
        dpop_jkt=request.dpop_jkt,
    )
