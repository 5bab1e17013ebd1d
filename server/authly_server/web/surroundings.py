"""What happens around every endpoint: reference, limits, errors, headers, log line and metrics.

All of it is decided once, when the server starts, for each path and method: what a request meets is
one function that knows which parts there are for it.
"""

import logging
import time
from collections.abc import Sequence

from aiohttp import web

from authly_server import entropy, telemetry
from authly_server.protocol import dpop, errors
from authly_server.protocol.errors import OAuthError
from authly_server.setting_types import Network
from authly_server.web import client_address, cors, rate_limit, refusal
from authly_server.web.rate_limit import Limit
from authly_server.web.response import Handler, Response
from authly_server.web.routes import Face, Route
from authly_server.web.services import Services


_REFERENCE_BYTES = 8
_log = telemetry.logger("authly_server.requests")
# Asked first whether anybody wants the line: to find out by writing it costs more than the request.
_wanted = logging.getLogger("authly_server.requests").isEnabledFor


class Surrounded:
    """An endpoint for one method, with all that surrounds it; `route` is None where nothing is."""

    def __init__(
        self, handler: Handler, method: str, route: Route | None, services: Services
    ) -> None:
        self._method = method
        self._route = route
        self._endpoint = "unknown" if route is None else route.endpoint
        face = None if route is None else route.face
        self._is_cross_origin = route is not None and route.cross_origin
        self._hosts = _hosts(services, face)
        self._networks = services.settings.admin_networks if face is Face.ADMIN else None
        self._level = logging.DEBUG if face is Face.PROBE else logging.INFO
        self._lifecycle = services.lifecycle
        self._proofs = services.proofs if services.settings.dpop_nonce_required else None
        self._tally = services.metrics.tally(self._endpoint, method)
        counted_as = Limit.GENERAL if route is None else route.counted_as
        self._handler = rate_limit.limited(handler, method, counted_as, services)

    async def answer(self, request: web.Request) -> Response:
        """Give the request a reference, answer it whatever happens, and tell how that went."""
        started = time.perf_counter()  # the loop's clock knows milliseconds only
        reference = entropy.draw(_REFERENCE_BYTES).hex()
        # Every request is a task with a context of its own, which ends with it.
        telemetry.refer_to(reference)
        headers = request.headers
        try:
            if self._networks is not None:
                _check_network(request, self._networks)
            if self._hosts is not None:
                _check_host(request, self._hosts)
            if "Expect" in headers:
                await _meet_expectation(request)
            response = await self._handler(request)
        except Exception as error:  # noqa: BLE001  # whatever it is, the caller gets an answer
            named = refusal.name(error)
            response = refusal.respond(request, self._route, reference, named)
        response.reference = reference
        if self._is_cross_origin:
            response.varies_by_origin = True
            if "Origin" in headers:
                await cors.allow(request, response.headers)
        if self._proofs is not None and dpop.HEADER in headers:
            response.headers["DPoP-Nonce"] = self._proofs.nonces.current(self._proofs.clock.now())
        if self._lifecycle.is_draining:
            response.force_close()
        self._record(request, response.status, time.perf_counter() - started)
        return response

    def _record(self, request: web.Request, status: int, seconds: float) -> None:
        self._tally.count(status, seconds)
        if _wanted(self._level):
            _log.log(
                self._level,
                "request",
                endpoint=self._endpoint,
                method=self._method,
                status=status,
                milliseconds=round(seconds * 1000, 1),
                client_address=client_address.of(request),
            )


def _hosts(services: Services, face: Face | None) -> frozenset[str] | None:
    """The names of ALLOWED_HOSTS; None where any will do.

    As for probes, which come by address, and administrators, who come by names of the cluster.
    """
    allowed = services.settings.allowed_hosts
    if not allowed or "*" in allowed or face in {Face.PROBE, Face.ADMIN}:
        return None
    return frozenset(name.lower() for name in allowed)


def _check_network(request: web.Request, networks: Sequence[Network]) -> None:
    if not client_address.is_in(request, networks):
        message = "this address is in none of the networks that administrators come from"
        raise OAuthError(errors.ErrorCode.ACCESS_DENIED, message, 403)


def _check_host(request: web.Request, hosts: frozenset[str]) -> None:
    """Nothing is ever made of the header but this: the issuer is a setting."""
    host = request.host.rpartition(":")[0] if _has_port(request.host) else request.host
    if host.lower() not in hosts:
        raise errors.invalid_request("the Host header names another host")


def _has_port(host: str) -> bool:
    return host.rpartition(":")[2].isdigit() and not host.endswith("]")


async def _meet_expectation(request: web.Request) -> None:
    """RFC 9110 section 10.1.1: the client waits for leave to send its content.

    Raises:
        OAuthError: with status 417 for anything else that it expects; or nobody is there any more.
    """
    if request.version < (1, 1):
        return
    if request.headers["Expect"].lower() != "100-continue":
        raise OAuthError(errors.ErrorCode.INVALID_REQUEST, "this cannot be expected here", 417)
    try:
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    except ConnectionError as error:
        raise errors.invalid_request("whoever asked has hung up") from error
    request.writer.output_size = 0  # what counts as sent is what belongs to the response
