"""What a server lets clients have: each rule of spec.allowedClients but that of namespaces."""

from collections.abc import Iterable
from typing import Final

from authly_operator.api import duration
from authly_operator.condition_names import Reason
from authly_operator.conditions import judgement, redirect_host
from authly_operator.conditions.applicant import Applicant, Refusal
from authly_operator.observed import ServerView


_ASK: Final = "or whoever runs the server can add it there"


def scope(server: ServerView, applicant: Applicant) -> Refusal | None:
    """An AuthlyScope of another namespace is about a scope of the list.

    Otherwise a tenant could describe, or make default, a scope that is not the tenant's.
    """
    allowed = server.spec.allowed_clients.scopes
    same = applicant.identity.namespace == server.identity.namespace
    if applicant.scope is None or allowed is None or same or applicant.scope in allowed:
        return None
    return Refusal(
        Reason.SCOPE_NOT_ALLOWED,
        f"{_of(server, 'scopes')} does not list scope {applicant.scope} for other namespaces:"
        f" declare it in namespace {server.identity.namespace}, {_ASK}",
    )


def scopes(server: ServerView, applicant: Applicant) -> Refusal | None:
    """A client asks for scopes of the list only."""
    asked = applicant.client.scopes if applicant.client else ()
    surplus = _beyond(asked, server.spec.allowed_clients.scopes)
    return _unlisted(server, Reason.SCOPE_NOT_ALLOWED, "scopes", surplus)


def grant_types(server: ServerView, applicant: Applicant) -> Refusal | None:
    """A client asks for grant types of the list only."""
    asked = applicant.client.grant_types if applicant.client else ()
    surplus = _beyond(asked, server.spec.allowed_clients.grant_types)
    return _unlisted(server, Reason.GRANT_TYPE_NOT_ALLOWED, "grantTypes", surplus)


def redirect_hosts(server: ServerView, applicant: Applicant) -> Refusal | None:
    """Browsers are sent to hosts of the list only, after a logout too."""
    allowed = server.spec.allowed_clients.redirect_hosts
    if allowed is None or applicant.client is None:
        return None
    elsewhere = [
        uri for uri in applicant.client.browsers_go_to if not redirect_host.is_allowed(uri, allowed)
    ]
    if not elsewhere:
        return None
    return Refusal(
        Reason.REDIRECT_HOST_NOT_ALLOWED,
        f"{_of(server, 'redirectHosts')} does not list the host of"
        f" {judgement.several(elsewhere)}: use an address below one of"
        f" {judgement.several(allowed, shown=5)}, {_ASK}",
    )


def access_token_ttl(server: ServerView, applicant: Applicant) -> Refusal | None:
    """Access tokens live no longer than that; without a wish, as long as the server's default."""
    longest = server.spec.allowed_clients.max_access_token_ttl
    if longest is None or applicant.client is None:
        return None
    wish = applicant.client.access_token_ttl
    seconds = duration.seconds(server.spec.tokens.access_token_ttl) if wish is None else wish
    if seconds <= duration.seconds(longest):
        return None
    return Refusal(
        Reason.ACCESS_TOKEN_TTL_TOO_LONG,
        f"{_of(server, 'maxAccessTokenTTL')} is {longest}, and access tokens of this client would"
        f" live {seconds} s: set the client's spec.tokens.accessTokenTTL to at most {longest}, or"
        " whoever runs the server can raise it",
    )


def _beyond(asked: Iterable[str], allowed: Iterable[str] | None) -> list[str]:
    if allowed is None:
        return []
    known = {*allowed}
    return [one for one in asked if one not in known]


def _unlisted(server: ServerView, reason: Reason, field: str, surplus: list[str]) -> Refusal | None:
    if not surplus:
        return None
    return Refusal(
        reason,
        f"{_of(server, field)} does not list {judgement.several(surplus, shown=10)}: remove what"
        f" is not listed from the client's spec.{field}, {_ASK}",
    )


def _of(server: ServerView, field: str) -> str:
    return f"spec.allowedClients.{field} of AuthlyServer {server.identity.owner}"
