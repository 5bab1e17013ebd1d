"""The metadata of the issuer, RFC 8414; one document under each of its well-known names."""

import orjson
from aiohttp import web

from authly_server.protocol import authorization_request
from authly_server.web.prepared import Prepared


MAX_AGE = 3600
_DOCUMENT = web.AppKey("metadata", Prepared)
_CLIENT_METHODS = ("client_secret_basic", "client_secret_post")


def install(app: web.Application, issuer: str) -> None:
    """Make the document; it depends on the issuer only, so that it is there without a database."""
    body = orjson.dumps(metadata(issuer))
    app[_DOCUMENT] = Prepared(body, MAX_AGE)


def metadata(issuer: str) -> dict[str, object]:
    """RFC 8414 section 2, RFC 9207 section 3.

    No id_token_signing_alg_values_supported: there are no ID tokens yet.
    """
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "jwks_uri": f"{issuer}/jwks",
        "userinfo_endpoint": f"{issuer}/userinfo",
        "introspection_endpoint": f"{issuer}/introspect",
        "revocation_endpoint": f"{issuer}/revoke",
        "response_types_supported": list(authorization_request.RESPONSE_TYPES),
        "response_modes_supported": list(authorization_request.RESPONSE_MODES),
        "grant_types_supported": ["authorization_code", "client_credentials", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": [*_CLIENT_METHODS, "none"],
        "introspection_endpoint_auth_methods_supported": list(_CLIENT_METHODS),
        "revocation_endpoint_auth_methods_supported": [*_CLIENT_METHODS, "none"],
        "authorization_response_iss_parameter_supported": True,
        "subject_types_supported": ["public"],
        "prompt_values_supported": sorted(authorization_request.PROMPTS),
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "ui_locales_supported": ["en"],
    }


async def get(request: web.Request) -> web.Response:
    """GET a well-known name."""
    return request.app[_DOCUMENT].answer(request)
