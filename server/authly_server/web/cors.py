"""Cross-origin requests: CORS_ORIGINS may call what the table says, without cookies.

Never the authorization endpoint: a browser is sent there, no script fetches it.
"""

from aiohttp import web
from multidict import CIMultiDict

from authly_server.web import services


_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, DPoP",
    "Access-Control-Max-Age": "600",
}


def allow(request: web.Request, headers: CIMultiDict[str]) -> None:
    """Name the caller's origin in the response, if it is an allowed one."""
    origins = services.of(request).settings.cors_origins
    if not origins:
        return
    origin = request.headers.get("Origin")
    headers.add("Vary", "Origin")
    if origin is not None and (origin in origins or "*" in origins):
        headers["Access-Control-Allow-Origin"] = "*" if "*" in origins else origin
        headers["Access-Control-Expose-Headers"] = "WWW-Authenticate, Retry-After, DPoP-Nonce"


async def preflight(_: web.Request) -> web.Response:
    """OPTIONS; without Access-Control-Allow-Origin, which `allow` adds, it permits nothing."""
    return web.Response(status=204, headers=_PREFLIGHT)
