"""Whether the process lives, which needs no database, and whether it may be sent requests."""

import orjson
from aiohttp import web

from authly_server import telemetry
from authly_server.storage import errors, instance
from authly_server.web import error_response, services
from authly_server.web.response import JSON, Response


_log = telemetry.logger(__name__)


async def live(_: web.Request) -> Response:
    """GET /health and /health/live: a server without its database lives, and must not be killed."""
    return _answer(200, status="live")


async def ready(request: web.Request) -> Response:
    """GET /health/ready: the database answers and has the schema; there is a key to sign with."""
    found = services.of(request)
    if found.lifecycle.is_draining:
        return _answer(503, status="not ready", reason="shutting down")
    try:
        revision = await instance.check(found.database)
    except errors.Outdated as error:
        return _answer(503, status="not ready", reason=str(error))
    except errors.Unavailable as error:
        _log.warning("not ready", reason=str(error))
        return _answer(503, status="not ready", reason="the database does not answer")
    found.metrics.schema_revision.set(revision)
    return _answer(
        200, status="ready", schema_revision=revision, signing_key=found.keys.ring.signer.kid
    )


def _answer(code: int, **members: object) -> Response:
    response = Response(orjson.dumps(members), JSON, status=code)
    if code != 200:  # noqa: PLR2004  # OK
        response.headers["Retry-After"] = str(error_response.RETRY_AFTER_SECONDS)
    return response
