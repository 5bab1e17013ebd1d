"""What is no HTTP at all: the library answers it by itself, before any of our code has a say.

So it is asked to answer as we do, and to log nothing of what was sent.
"""

import logging

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from authly_server.protocol.errors import ErrorCode, OAuthError
from authly_server.web import error_response
from authly_server.web.response import Response


_answered_by_library = web.RequestHandler.handle_error


def install() -> None:
    """Take over what the library says and logs; once is enough."""
    logging.getLogger("aiohttp.server").addFilter(shorten)
    # It has no other place for it: none of our endpoints sees such a request.
    web.RequestHandler.handle_error = _answer  # type: ignore[assignment,method-assign]


def shorten(record: logging.LogRecord) -> bool:
    """Tell of a malformed request in one line, without a stack and without its content."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, HttpProcessingError):
        _replace(record, "malformed request, answered %s", error.code)
    elif isinstance(error, ConnectionResetError):
        # Who asked for "100 Continue" and did not wait for it.
        _replace(record, "the client hung up before it was answered")
    return True


def _replace(record: logging.LogRecord, message: str, *arguments: object) -> None:
    record.levelno, record.levelname = logging.INFO, "INFO"
    record.msg, record.args = message, arguments
    record.exc_info = None


def _answer(
    handler: web.RequestHandler,
    request: web.BaseRequest,
    status: int = 500,
    exc: BaseException | None = None,
    message: str | None = None,
) -> Response:
    """Like any other refusal; raises as the library does."""
    theirs = _answered_by_library(handler, request, status, exc, message)
    error = OAuthError(ErrorCode.INVALID_REQUEST, "the request is malformed", theirs.status)
    ours = error_response.render(error)
    ours.force_close()
    return ours
