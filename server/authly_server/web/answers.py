"""Where a browser goes from here: to a page of ours, or to the client with its answer."""

from urllib.parse import urlsplit

from aiohttp import web

from authly_server.authorization import response
from authly_server.authorization.response import AuthorizationResponse, Recipient, Refused
from authly_server.protocol.errors import ErrorCode
from authly_server.web import pages, services
from authly_server.web.response import Response
from authly_server.web.services import Services


def refuse(request: web.Request, refused: Refused) -> Response:
    """Tell the client that it gets no code.

    A client that nobody looked at could have itself refused to get people sent to its page (RFC
    9700 section 4.11.2): unless they said no themselves, they are told and go on if they want.
    """
    found = services.of(request)
    found.metrics.authorizations.labels(str(refused.error.error)).inc()
    answer = response.failure(refused.recipient, found.issuer, refused.error)
    if refused.recipient.is_trusted or refused.error.error is ErrorCode.ACCESS_DENIED:
        return send(answer)
    return pages.leaving(answer, refused.error.description)


def grant(found: Services, recipient: Recipient, code: str) -> Response:
    """Tell the client its code."""
    found.metrics.authorizations.labels("granted").inc()
    return send(response.success(recipient, found.issuer, code))


def send(answer: AuthorizationResponse) -> Response:
    """The authorization response, in the mode that was asked for."""
    if answer.mode == "form_post":
        return pages.form_post(answer)
    return redirect(answer.location)


def redirect(location: str) -> Response:
    """303, also after a POST: a password must not be posted on to the client (RFC 9700, 4.12)."""
    return Response(status=303, headers={"Location": location})


def local(issuer: str, path: str) -> str:
    """A path of ours as browsers see it: below the path of the issuer."""
    return urlsplit(issuer).path.rstrip("/") + path
