"""From rows to values of the model; every statement names its columns as these readers expect."""

from authly_server.model.client import AuthMethod, Client, ClientOrigin, ClientType
from authly_server.model.grant import Authentication, Grant
from authly_server.model.scope import Scope
from authly_server.model.session import Session
from authly_server.model.user import User
from authly_server.storage.connections import Row


def client(row: Row) -> Client:
    """A row of clients with its scopes' names and its secrets' digests."""
    return Client(
        id=row["id"],
        client_id=row["client_id"],
        display_name=row["display_name"],
        type=ClientType(row["type"]),
        auth_method=AuthMethod(row["auth_method"]),
        secret_digests=tuple(row["secret_digests"]),
        grant_types=frozenset(row["grant_types"]),
        redirect_uris=tuple(row["redirect_uris"]),
        scopes=frozenset(row["scopes"]),
        audiences=tuple(row["audiences"]),
        require_pkce=row["require_pkce"],
        access_token_ttl=row["access_token_ttl"],
        refresh_token_ttl=row["refresh_token_ttl"],
        enabled=row["enabled"],
        client_uri=row["client_uri"],
        logo_uri=row["logo_uri"],
        tos_uri=row["tos_uri"],
        policy_uri=row["policy_uri"],
        contacts=tuple(row["contacts"]),
        jwks=row["jwks"],
        jwks_uri=row["jwks_uri"],
        service_account=row["service_account"],
        service_account_audience=row["service_account_audience"],
        require_pushed_authorization=row["require_pushed_authorization"],
        dpop_bound=row["dpop_bound"],
        post_logout_redirect_uris=tuple(row["post_logout_redirect_uris"]),
        backchannel_logout_uri=row["backchannel_logout_uri"],
        id_token_signed_response_alg=row["id_token_signed_response_alg"],
        userinfo_signed_response_alg=row["userinfo_signed_response_alg"],
        default_max_age=row["default_max_age"],
        allowed_cors_origins=tuple(row["allowed_cors_origins"]),
        origin=ClientOrigin(row["origin"]),
        registration_token_digest=row["registration_token_digest"],
        last_used_on=row["last_used_on"],
    )


def grant(row: Row) -> Grant:
    """The columns grant_id, client_id, user_id, scopes, resources, and of the authentication."""
    return Grant(
        id=row["grant_id"],
        client_id=row["client_id"],
        user_id=row["user_id"],
        scopes=frozenset(row["scopes"]),
        resources=tuple(row["resources"]),
        authentication=_authentication(row),
        id_token_claims=frozenset(row["id_token_claims"]),
    )


def _authentication(row: Row) -> Authentication | None:
    if row["session_id"] is None:
        return None
    return Authentication(row["session_id"], row["authenticated_at"], row["acr"])


def scope(row: Row) -> Scope:
    """A row of scopes without its key."""
    return Scope(
        name=row["name"],
        description=row["description"],
        is_default=row["is_default"],
        descriptions=row["descriptions"],
        claims=frozenset(row["claims"]),
        is_sensitive=row["is_sensitive"],
    )


def user(row: Row) -> User:
    """A row of users; its key is in the column user_id."""
    return User(
        id=row["user_id"],
        email=row["email"],
        username=row["username"],
        password_hash=row["password_hash"],
        is_verified=row["is_verified"],
        is_admin=row["is_admin"],
        enabled=row["enabled"],
        updated_at=row["updated_at"],
        is_bootstrapped=row["is_bootstrapped"],
    )


def session(row: Row) -> Session:
    """A row of sessions; its key is in the column session_id."""
    return Session(
        row["session_id"], row["user_id"], row["authenticated_at"], row["expires_at"], row["acr"]
    )
