"""ID tokens at the token endpoint, OpenID Connect Core sections 3.1.3.3 and 12.2."""

from dataclasses import dataclass
from datetime import timedelta

from authly_server import telemetry
from authly_server.grants.issuing import Issue, Issuing
from authly_server.model.client import Client
from authly_server.model.grant import Authentication, Grant
from authly_server.storage import users
from authly_server.tokens import id_token, standard_claims
from authly_server.tokens.id_token import IdToken


_log = telemetry.logger(__name__)


@dataclass(frozen=True, slots=True)
class Identity:
    """What an ID token is made of beside the access token that it goes with."""

    grant: Grant
    authentication: Authentication
    nonce: str | None


def of(issue: Issue, scopes: frozenset[str]) -> Identity | None:
    """The identity that an issue tells of: None without openid, or where nobody signed in."""
    grant = issue.grant
    if grant is None or grant.authentication is None or "openid" not in scopes:
        return None
    return Identity(grant, grant.authentication, issue.nonce)


async def issue(
    issuing: Issuing, client: Client, identity: Identity, access_token: str, ttl: int
) -> str | None:
    """The ID token beside an access token, as long-lived; None if no key can sign it."""
    key = id_token.signer(
        issuing.keys.ring, client.id_token_signed_response_alg, issuing.profile.algorithms
    )
    if key is None:
        _log.warning("no key signs ID tokens", client_id=client.client_id)
        return None
    now = issuing.clock.now()
    token = IdToken(
        issuer=issuing.issuer,
        subject=str(identity.grant.user_id),
        client_id=client.client_id,
        issued_at=now,
        expires_at=now + timedelta(seconds=ttl),
        authentication=identity.authentication,
        access_token=access_token,
        nonce=identity.nonce,
        more=await _more(issuing, identity.grant),
    )
    return id_token.issue(key, token)


async def _more(issuing: Issuing, grant: Grant) -> dict[str, object]:
    """The claims asked for one by one; the others are userinfo's (section 5.4)."""
    if not grant.id_token_claims:
        return {}
    user = await users.find(issuing.database, grant.user_id)
    return {} if user is None else standard_claims.tell(user, grant.id_token_claims)
