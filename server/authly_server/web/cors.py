"""Cross-origin requests: CORS_ORIGINS and a client's own origins may call what the table says.

Without cookies, and never the authorization endpoint: a browser is sent there, no script fetches
it. Where the client is known, its own origins count and no other client's; before that (a
preflight has no client, and metadata and keys are for all of them) those of every client do.
"""

from aiohttp import web
from multidict import CIMultiDict

from authly_server import telemetry
from authly_server.model.client import Client
from authly_server.storage.errors import Unavailable
from authly_server.web import services
from authly_server.web.response import Response


_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, DPoP",
    "Access-Control-Max-Age": "600",
}
_CLIENT = web.RequestKey("cross_origin_client", Client)
_log = telemetry.logger(__name__)


def note(request: web.Request, client: Client) -> None:
    """From here on only this client's origins, and those of the setting, may read the answer."""
    request[_CLIENT] = client


async def allow(request: web.Request, headers: CIMultiDict[str]) -> None:
    """Name the origin of a request that has one in the response, if it is an allowed one."""
    origin = request.headers["Origin"]
    of_all = services.of(request).settings.cors_origins
    if "*" in of_all:
        headers["Access-Control-Allow-Origin"] = "*"
    elif origin in of_all or await _is_of_client(request, origin):
        headers["Access-Control-Allow-Origin"] = origin
    else:
        return
    headers["Access-Control-Expose-Headers"] = "WWW-Authenticate, Retry-After, DPoP-Nonce"


async def _is_of_client(request: web.Request, origin: str) -> bool:
    client = request.get(_CLIENT)
    if client is not None:
        return origin in client.allowed_cors_origins
    try:
        return origin in await services.of(request).registry.origins()
    except Unavailable as error:
        # What is answered from memory is answered all the same, though not to other origins.
        _log.warning("origins of clients unknown", reason=str(error))
        return False


async def preflight(_: web.Request) -> Response:
    """OPTIONS; without Access-Control-Allow-Origin, which `allow` adds, it permits nothing."""
    return Response(status=204, headers=_PREFLIGHT)
