"""What happens around every endpoint: names, headers, errors, one log line and the metrics."""

import logging
import time
from collections.abc import Mapping

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler
from multidict import CIMultiDict

from authly_server import entropy, telemetry
from authly_server.protocol import dpop, errors as protocol_errors
from authly_server.protocol.errors import ErrorCode, OAuthError
from authly_server.storage.errors import Unavailable
from authly_server.users.passwords import Overloaded
from authly_server.web import (
    client_address,
    cors,
    error_response,
    pages,
    rate_limit,
    routes,
    services,
)
from authly_server.web.rate_limit import Limit
from authly_server.web.routes import Face, Route


_REFERENCE_BYTES = 8
_TITLES: Mapping[int, str] = {
    400: "This request cannot be answered",
    404: "There is nothing here",
    405: "This request cannot be answered",
    409: "This was answered already",
    413: "This request is too long",
    429: "Too many requests",
    500: "Something went wrong",
    503: "Please try again in a moment",
}
# What every response says (RFC 9700 sections 4.2.4 and 4.16; RFC 6797).
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000",
}
_NOT_A_PAGE = "default-src 'none'; frame-ancestors 'none'"
_log = telemetry.logger("authly_server.requests")
# Asked first whether anybody wants the line: to find out by writing it costs more than the request.
_wanted = logging.getLogger("authly_server.requests").isEnabledFor


@web.middleware
async def observe(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give the request a reference, answer it whatever happens, and tell how that went."""
    route = routes.of(request)
    reference = entropy.draw(_REFERENCE_BYTES).hex()
    started = time.perf_counter()  # the loop's clock knows milliseconds only
    # Every request is a task with a context of its own, which ends with it.
    structlog.contextvars.bind_contextvars(request_id=reference)
    response = await _answer(request, handler, route, reference)
    _complete(request, response, reference)
    if route is not None and route.cross_origin:
        await cors.allow(request, response.headers)
    _record(request, response, route, time.perf_counter() - started)
    return response


@web.middleware
async def limit(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Count the request as the table says; where one may prove who one is, only if that failed."""
    route = routes.of(request)
    counted_as = Limit.GENERAL if route is None else route.counted_as
    if counted_as is Limit.NONE:
        return await handler(request)
    rate_limit.begin(request, counted_as)
    if not counted_as.is_deferred:
        await rate_limit.count(request)
    try:
        response = await handler(request)
    except (OAuthError, web.HTTPException):
        await rate_limit.count(request)
        raise
    await rate_limit.count(request)
    return response


async def _answer(
    request: web.Request, handler: Handler, route: Route | None, reference: str
) -> web.StreamResponse:
    try:
        _check_host(request, route)
        return await handler(request)
    except OAuthError as error:
        return _refused(request, route, reference, error)
    except web.HTTPException as error:
        return _refused(request, route, reference, _named(error), error.headers.get("Allow"))
    except (Unavailable, Overloaded) as error:
        _log.warning("unavailable", reason=str(error))
        return _refused(request, route, reference, error_response.UNAVAILABLE)
    except Exception:  # noqa: BLE001  # whatever it is, the caller gets an answer and we a record
        _log.exception("unexpected error")
        unexpected = OAuthError(ErrorCode.SERVER_ERROR, "an unexpected error; see the log")
        return _refused(request, route, reference, unexpected)


def _refused(
    request: web.Request,
    route: Route | None,
    reference: str,
    error: OAuthError,
    allow: str | None = None,
) -> web.Response:
    """The error as the endpoint's callers read it."""
    headers = {"Allow": allow} if allow else {}
    if _speaks_to_person(request, route):
        title = _TITLES.get(error.status, _TITLES[400])
        page = pages.error(error.status, title, pages.sentence(error.description), reference)
        page.headers.update(headers)
        page.headers.update(error_response.retry_after(error))
        return page
    presented = request.headers.get("Authorization")
    challenge = error_response.basic_challenge(error, presented)
    is_resource = route is not None and route.face is Face.RESOURCE
    if error.error is ErrorCode.INVALID_TOKEN or (is_resource and error.status in {400, 401, 403}):
        scope = "profile" if error.error is ErrorCode.INSUFFICIENT_SCOPE else None
        challenge = error_response.resource_challenge(error, presented, scope)
    return error_response.render(error, challenge=challenge, headers=headers)


def _speaks_to_person(request: web.Request, route: Route | None) -> bool:
    if route is None:
        return "text/html" in request.headers.get("Accept", "")
    return route.face is Face.PERSON


def _named(error: web.HTTPException) -> OAuthError:
    """What aiohttp refuses by itself: unknown paths, other methods, bodies without an end."""
    if error.status == 404:  # noqa: PLR2004  # Not Found
        return OAuthError(ErrorCode.INVALID_REQUEST, "there is nothing at this address", 404)
    if error.status == 405:  # noqa: PLR2004  # Method Not Allowed
        return OAuthError(ErrorCode.INVALID_REQUEST, "this method is not allowed here", 405)
    return OAuthError(ErrorCode.INVALID_REQUEST, "the request is malformed", error.status)


def _check_host(request: web.Request, route: Route | None) -> None:
    """Only hosts of ALLOWED_HOSTS, where it is set; probes come by address.

    Nothing is ever made of the header: the issuer is a setting.
    """
    allowed = services.of(request).settings.allowed_hosts
    if not allowed or "*" in allowed or (route is not None and route.face is Face.PROBE):
        return
    host = request.host.rpartition(":")[0] if _has_port(request.host) else request.host
    if host.lower() not in {name.lower() for name in allowed}:
        raise protocol_errors.invalid_request("the Host header names another host")


def _has_port(host: str) -> bool:
    return host.rpartition(":")[2].isdigit() and not host.endswith("]")


def protect(headers: CIMultiDict[str]) -> None:
    """Add what every response says, where it does not say otherwise."""
    for name, value in _HEADERS.items():
        headers.setdefault(name, value)
    headers.setdefault("Content-Security-Policy", _NOT_A_PAGE)
    if "Cache-Control" not in headers:
        headers["Cache-Control"] = "no-store"
        headers["Pragma"] = "no-cache"


def _complete(request: web.Request, response: web.StreamResponse, reference: str) -> None:
    headers = response.headers
    protect(headers)
    headers["X-Request-Id"] = reference
    found = services.of(request)
    if found.settings.dpop_nonce_required and dpop.HEADER in request.headers:
        headers["DPoP-Nonce"] = found.proofs.nonces.current(found.clock.now())
    if found.lifecycle.is_draining:
        response.force_close()


def _record(
    request: web.Request, response: web.StreamResponse, route: Route | None, seconds: float
) -> None:
    found = services.of(request)
    endpoint = "unknown" if route is None else route.endpoint
    method = request.method if request.method in routes.METHODS else "other"
    found.metrics.count_request(endpoint, method, response.status, seconds)
    level = logging.DEBUG if route is not None and route.face is Face.PROBE else logging.INFO
    if not _wanted(level):
        return
    _log.log(
        level,
        "request",
        endpoint=endpoint,
        method=method,
        status=response.status,
        milliseconds=round(seconds * 1000, 1),
        client_address=client_address.of(request),
    )


async def forget_server(_: web.Request, response: web.StreamResponse) -> None:
    """Tell nobody which versions answer."""
    response.headers.pop("Server", None)
