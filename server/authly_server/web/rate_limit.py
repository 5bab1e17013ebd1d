"""How often an endpoint may be called from one address, by whoever does not prove who they are.

Each request is counted once: before it is looked at, or, where a client can prove itself, as soon
as it has not. What proves itself afterwards is given back, so that many honest people and pods
behind one address do not stand in each other's way.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial

from aiohttp import web

from authly_server import telemetry
from authly_server.limits.rate import Bucket, Rate, Refusal
from authly_server.limits.request_rates import RequestRates
from authly_server.protocol.errors import OAuthError, TooManyRequests
from authly_server.web import client_address, devices, services
from authly_server.web.response import Handler, Response
from authly_server.web.services import Services


_log = telemetry.logger(__name__)


class Limit(Enum):
    """What an endpoint's requests are counted as."""

    NONE = auto()  # nothing: prepared bytes, and what kubelets ask
    GENERAL = auto()  # RATE_LIMIT_REQUESTS_PER_MINUTE
    STRICT = auto()  # AUTH_RATE_LIMIT_REQUESTS_PER_MINUTE
    FORM = auto()  # strict for what is sent, general for the page itself
    CLIENT = auto()  # strict, for who does not prove to be a client
    CALLER = auto()  # general, for who does not prove to be a client nor has a token

    @property
    def is_deferred(self) -> bool:
        """Whether callers have the time to prove who they are."""
        return self in (Limit.CLIENT, Limit.CALLER)

    def is_strict(self, method: str) -> bool:
        """Whether a request of that method is counted at the strict rate."""
        return self in {Limit.STRICT, Limit.CLIENT} or (self is Limit.FORM and method == "POST")


@dataclass
class Tally:
    """What one request is counted as, and how far that has come."""

    bucket: Bucket
    is_counted: bool = False
    is_proved: bool = False


_TALLY = web.RequestKey("tally", Tally)


def limited(handler: Handler, method: str, limit: Limit, found: Services) -> Handler:
    """An endpoint whose requests are counted; the very same where nothing is."""
    rates = found.rates
    if rates is None or limit is Limit.NONE or method == "OPTIONS":
        return handler
    is_strict = limit.is_strict(method)
    begin = partial(_begin, rates=rates, is_strict=is_strict)
    return _deferred(handler, begin) if limit.is_deferred else _at_once(handler, begin)


def _at_once(handler: Handler, begin: Callable[[web.Request], None]) -> Handler:
    async def counted(request: web.Request) -> Response:
        begin(request)
        await count(request)
        return await handler(request)

    return counted


def _deferred(handler: Handler, begin: Callable[[web.Request], None]) -> Handler:
    """Where one may prove who one is, only what has not is counted, however it ends."""

    async def counted(request: web.Request) -> Response:
        begin(request)
        try:
            response = await handler(request)
        except (OAuthError, web.HTTPException):
            await count(request)
            raise
        await count(request)
        return response

    return counted


def _begin(request: web.Request, *, rates: RequestRates, is_strict: bool) -> None:
    """From here on the request can be counted, and is not yet."""
    request[_TALLY] = Tally(
        _of_browser(request, rates.general)
        or _of_address(request, rates.strict if is_strict else rates.general, strict=is_strict)
    )
    _tell_of_proxy(request)


async def count(request: web.Request) -> None:
    """Count the request, unless it has been counted or has proved who sends it.

    Raises:
        TooManyRequests: there were too many.
    """
    tally = request.get(_TALLY)
    if tally is None or tally.is_counted or tally.is_proved:
        return
    tally.is_counted = True
    refusal = await services.of(request).limiter.take([tally.bucket])
    if refusal is not None:
        raise _too_many(refusal)


async def prove(request: web.Request) -> None:
    """Whoever sent the request has proved who they are: it counts no more."""
    tally = request.get(_TALLY)
    if tally is None or tally.is_proved:
        return
    tally.is_proved = True
    if tally.is_counted:
        await services.of(request).limiter.give_back([tally.bucket])


def _of_browser(request: web.Request, rate: Rate) -> Bucket | None:
    """A browser in which somebody has signed in before is known, wherever it is."""
    known = devices.held(request)
    return Bucket(f"user:{known[0].user_id}", rate) if known else None


def _of_address(request: web.Request, rate: Rate, *, strict: bool) -> Bucket:
    kind = "strict" if strict else "general"
    return Bucket(f"address:{kind}:{client_address.network(request)}", rate)


def _too_many(refusal: Refusal) -> TooManyRequests:
    seconds = refusal.seconds
    unit = "second" if seconds == 1 else "seconds"
    description = f"too many requests from this address; try again in {seconds} {unit}"
    return TooManyRequests(description, seconds)


def _tell_of_proxy(request: web.Request) -> None:
    """Once: all clients of a proxy that is not trusted have one address, the proxy's."""
    found = services.of(request)
    if found.lifecycle.has_told_of_proxy or not client_address.is_of_unknown_proxy(request):
        return
    found.lifecycle.has_told_of_proxy = True
    _log.warning(
        "a proxy that TRUSTED_PROXIES does not name: all its clients are counted as one",
        proxy=request.remote,
    )
