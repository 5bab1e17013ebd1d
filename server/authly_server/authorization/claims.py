"""Which of the claims that a request asks for one by one its client may have."""

from collections.abc import Mapping
from dataclasses import dataclass

from authly_server.model.client import Client
from authly_server.protocol.authorization_request import AuthorizationRequest
from authly_server.protocol.claims_request import COVERED_BY, Wanted


@dataclass(frozen=True, slots=True)
class Entitlement:
    """Names of claims, and the scopes that cover them: what a person consents to."""

    id_token: frozenset[str]
    userinfo: frozenset[str]
    scopes: frozenset[str]


def entitle(request: AuthorizationRequest, client: Client) -> Entitlement:
    """The claims known here and covered by a scope that the client is registered for.

    OpenID Connect Core section 5.5: "It is not an error condition to not return a requested
    Claim." Nothing without openid, for these are parameters of OpenID Connect.
    """
    if "openid" not in request.scopes:
        return Entitlement(frozenset(), frozenset(), frozenset())
    id_token = _covered(request.claims.id_token, client)
    userinfo = _covered(request.claims.userinfo, client)
    return Entitlement(
        id_token, userinfo, frozenset(COVERED_BY[name] for name in id_token | userinfo)
    )


def _covered(wanted: Mapping[str, Wanted], client: Client) -> frozenset[str]:
    return frozenset(name for name in wanted if COVERED_BY.get(name) in client.scopes)
