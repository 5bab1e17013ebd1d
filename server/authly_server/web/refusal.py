"""What went wrong, as the callers of an endpoint read it: JSON for programs, a page for people."""

from collections.abc import Mapping

from aiohttp import web

from authly_server import telemetry
from authly_server.protocol.errors import ErrorCode, OAuthError
from authly_server.storage.errors import Unavailable, Vanished
from authly_server.users.passwords import Overloaded
from authly_server.web import error_response, pages
from authly_server.web.response import Response
from authly_server.web.routes import Face, Route


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
# What a token needs, where one is presented.
_SCOPES = {Face.RESOURCE: "profile", Face.ADMIN: "admin"}
_log = telemetry.logger(__name__)


def name(error: Exception) -> OAuthError:
    """Which of our errors it is; what is nobody's mistake but ours is recorded."""
    match error:
        case OAuthError():
            return error
        case web.HTTPException():
            # What aiohttp refuses by itself: bodies without an end and the like.
            return OAuthError(ErrorCode.INVALID_REQUEST, "the request is malformed", error.status)
        case Unavailable() | Overloaded():
            _log.warning("unavailable", reason=str(error))
            return error_response.UNAVAILABLE
        case Vanished():
            # In the middle of what somebody asked for, as where an administrator deletes people.
            message = "the account or the client was changed or deleted a moment ago"
            return OAuthError(ErrorCode.INVALID_REQUEST, message)
        case _:
            _log.exception("unexpected error")
            return OAuthError(ErrorCode.SERVER_ERROR, "an unexpected error; see the log")


def respond(
    request: web.Request, route: Route | None, reference: str, error: OAuthError
) -> Response:
    """The error as the endpoint's callers read it."""
    if _speaks_to_person(request, route):
        title = _TITLES.get(error.status, _TITLES[400])
        page = pages.error(error.status, title, pages.sentence(error.description), reference)
        page.headers.update(error_response.advice(error))
        return page
    presented = request.headers.get("Authorization")
    challenge = error_response.basic_challenge(error, presented)
    needed = None if route is None else _SCOPES.get(route.face)
    is_of_resource = needed is not None and error.status in {400, 401, 403}
    # A token helps nobody who comes from the wrong place.
    is_of_resource &= error.error is not ErrorCode.ACCESS_DENIED
    if error.error is ErrorCode.INVALID_TOKEN or is_of_resource:
        scope = needed if error.error is ErrorCode.INSUFFICIENT_SCOPE else None
        challenge = error_response.resource_challenge(error, presented, scope)
    return error_response.render(error, challenge=challenge)


def _speaks_to_person(request: web.Request, route: Route | None) -> bool:
    if route is None:
        return "text/html" in request.headers.get("Accept", "")
    return route.face is Face.PERSON
