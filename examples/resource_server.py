"""A resource server: what it tells clients (RFC 9728), and how it checks a token (RFC 9068).

    pip install aiohttp 'pyjwt[crypto]'
    python resource_server.py https://login.example.com https://api.example.com/orders 8080

Any library that verifies JWTs does: what to check is the list in `check`. A token that was revoked
is believed until it expires, at most spec.tokens.accessTokenTTL later: whoever cannot wait asks
/introspect (RFC 7662) instead. Tokens that are bound to a key (RFC 9449) need the check of the
DPoP proof as well, which is left out here: they are refused.
"""

import asyncio
import os
import ssl
import sys
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import jwt
from aiohttp import web


SCOPES = {"GET": {"read"}, "POST": {"read", "write"}}
"""What a token has to cover, by method."""
ALGORITHMS = ["ES256", "RS256", "EdDSA"]
"""Never taken from the token, and never one that signs with a shared secret."""
ISSUER = web.AppKey("ISSUER", str)
RESOURCE = web.AppKey("RESOURCE", str)
KEYS = web.AppKey("KEYS", jwt.PyJWKClient)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def metadata_url(resource: str) -> str:
    """Where clients look: between the host and the path (RFC 9728 section 3.1)."""
    parts = urlsplit(resource)
    path = parts.path.rstrip("/")
    return f"{parts.scheme}://{parts.netloc}/.well-known/oauth-protected-resource{path}"


def metadata(issuer: str, resource: str) -> dict[str, object]:
    """The document of RFC 9728 section 2."""
    return {
        "resource": resource,
        "authorization_servers": [issuer],
        "scopes_supported": sorted(set.union(*SCOPES.values())),
        "bearer_methods_supported": ["header"],
    }


def check(token: str, keys: jwt.PyJWKClient, issuer: str, resource: str) -> dict[str, Any]:
    """The claims of an access token for this resource (RFC 9068 section 4).

    Raises:
        jwt.PyJWTError: it is none, it is for somebody else, or it is over.
    """
    key = keys.get_signing_key_from_jwt(token)
    if jwt.get_unverified_header(token).get("typ") != "at+jwt":
        message = "an ID token, or something else, but no access token"
        raise jwt.InvalidTokenError(message)
    required = ["exp", "iat", "jti", "sub", "client_id"]
    claims: dict[str, Any] = jwt.decode(
        token, key, ALGORITHMS, issuer=issuer, audience=resource, options={"require": required}
    )
    if "cnf" in claims:
        message = "it is bound to a key, and nobody proved to have that"
        raise jwt.InvalidTokenError(message)
    return claims


def challenge(app: web.Application, status: int, **more: str) -> web.Response:
    """A refusal that tells where to learn how to get a token (RFC 6750, RFC 9728 section 5.1)."""
    told = {"resource_metadata": metadata_url(app[RESOURCE]), **more}
    value = "Bearer " + ", ".join(f'{name}="{text}"' for name, text in told.items())
    return web.json_response({}, status=status, headers={"WWW-Authenticate": value})


@web.middleware
async def protected(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let a request through whose token covers it; the handler reads request["claims"]."""
    app = request.app
    if request.path == urlsplit(metadata_url(app[RESOURCE])).path:
        return await handler(request)
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return challenge(app, 401)
    try:
        # In a thread: keys are fetched when one is not known, and kept for five minutes.
        claims = await asyncio.to_thread(check, token, app[KEYS], app[ISSUER], app[RESOURCE])
    except jwt.PyJWTError:
        return challenge(app, 401, error="invalid_token")
    needed = SCOPES.get(request.method, set())
    if not needed <= set(claims.get("scope", "").split()):
        return challenge(app, 403, error="insufficient_scope", scope=" ".join(sorted(needed)))
    request["claims"] = claims
    return await handler(request)


async def describe(request: web.Request) -> web.Response:
    """The metadata, to anybody."""
    return web.json_response(metadata(request.app[ISSUER], request.app[RESOURCE]))


async def orders(request: web.Request) -> web.Response:
    """What is protected."""
    claims = request["claims"]
    return web.json_response({"orders": [], "for": claims["sub"], "by": claims["client_id"]})


def build(issuer: str, resource: str, trust: ssl.SSLContext | None = None) -> web.Application:
    """The application; `trust` verifies the issuer's certificate."""
    app = web.Application(middlewares=[protected])
    app[ISSUER], app[RESOURCE] = issuer, resource
    app[KEYS] = jwt.PyJWKClient(f"{issuer}/jwks", lifespan=300, ssl_context=trust)
    app.router.add_get(urlsplit(metadata_url(resource)).path, describe)
    app.router.add_route("*", urlsplit(resource).path or "/", orders)
    return app


if __name__ == "__main__":
    authority = os.environ.get("CA_FILE")
    context = ssl.create_default_context(cafile=authority) if authority else None
    web.run_app(build(sys.argv[1], sys.argv[2], context), host="127.0.0.1", port=int(sys.argv[3]))
