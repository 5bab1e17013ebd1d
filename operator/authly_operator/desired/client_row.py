"""An AuthlyClient as authly_api.apply_client takes it, in the form that observe_client answers."""

import json
from collections.abc import Sequence
from typing import Any, Final

from authly_operator import naming
from authly_operator.api import authly_client, client_authentication, duration
from authly_operator.observed import Identity


_TYPE: Final = {
    authly_client.ClientType.CONFIDENTIAL: "confidential",
    authly_client.ClientType.PUBLIC: "public",
}
SERVICE_ACCOUNT: Final = "service_account"
"""That method's name, also where the server tells of it."""
_METHOD: Final = {
    client_authentication.AuthMethod.CLIENT_SECRET_BASIC: "client_secret_basic",
    client_authentication.AuthMethod.CLIENT_SECRET_POST: "client_secret_post",
    client_authentication.AuthMethod.PRIVATE_KEY_JWT: "private_key_jwt",
    client_authentication.AuthMethod.SERVICE_ACCOUNT: SERVICE_ACCOUNT,
    client_authentication.AuthMethod.NONE: "none",
}


def build(
    spec: authly_client.Spec,
    identity: Identity,
    digests: Sequence[str],
    *,
    enabled: bool | None = None,
) -> dict[str, Any]:
    """The row; `digests` are SHA-256 in hexadecimal of the secrets that are valid.

    `enabled` goes before the spec's, for deletionPolicy Disable. Grant types and scopes are
    sorted, lifetimes in seconds, as observe_client answers them.
    """
    return {
        "client_id": client_id(spec, identity),
        "owner": identity.owner,
        "display_name": spec.display_name or identity.name,
        "type": _TYPE[spec.type],
        "auth_method": auth_method(spec),
        "secret_sha256": list(digests),
        "grant_types": sorted(grant.value for grant in spec.grant_types),
        "redirect_uris": list(spec.redirect_uris),
        "scopes": sorted(spec.scopes),
        "audiences": list(spec.audiences),
        "require_pkce": spec.require_pkce,
        "access_token_ttl": _seconds(spec.tokens.access_token_ttl),
        "refresh_token_ttl": _seconds(spec.tokens.refresh_token_ttl),
        "enabled": spec.enabled if enabled is None else enabled,
        "deletion_policy": spec.deletion_policy.lower(),
        "client_uri": spec.metadata.client_uri,
        "logo_uri": spec.metadata.logo_uri,
        "tos_uri": spec.metadata.tos_uri,
        "policy_uri": spec.metadata.policy_uri,
        "contacts": list(spec.metadata.contacts),
        **_proof(spec, identity),
        "require_pushed_authorization": spec.require_pushed_authorization,
        "dpop_bound": spec.dpop_bound,
        "post_logout_redirect_uris": list(spec.post_logout_redirect_uris),
        "backchannel_logout_uri": spec.backchannel_logout_uri,
        "id_token_signed_response_alg": None,
        "userinfo_signed_response_alg": None,
        "default_max_age": None,
        "allowed_cors_origins": list(spec.allowed_cors_origins),
    }


def _proof(spec: authly_client.Spec, identity: Identity) -> dict[str, Any]:
    """Public keys, or the service account: always one of the client's own namespace."""
    keys, account = spec.auth.private_key_jwt, spec.auth.service_account
    return {
        "jwks": json.loads(keys.jwks) if keys and keys.jwks else None,
        "jwks_uri": keys.jwks_uri if keys else None,
        "service_account": f"{identity.namespace}/{account.name}" if account else None,
        "service_account_audience": account.audience if account else None,
    }


def client_id(spec: authly_client.Spec, identity: Identity) -> str:
    """The client_id that holds: the spec's, or `<namespace>.<name>`."""
    return spec.client_id or naming.client_id(identity.name, identity.namespace)


def auth_method(spec: authly_client.Spec) -> str:
    """How the client authenticates, as rows name it."""
    return _METHOD[spec.auth_method()]


def _seconds(lifetime: str | None) -> int | None:
    """Whole seconds, at least one; None leaves the lifetime to the server."""
    return None if lifetime is None else max(1, duration.seconds(lifetime))
