"""Parameters of requests: form-urlencoded UTF-8, of at most 64 KB, in one place only."""

import asyncio

from aiohttp import web

from authly_server.protocol import errors, parameters
from authly_server.protocol.errors import ErrorCode, OAuthError
from authly_server.protocol.parameters import Parameters


MOST_BYTES = 64 * 1024
SECONDS_TO_SEND = 10.0
CONTENT_TYPE = "application/x-www-form-urlencoded"
JSON = "application/json"


async def read(request: web.Request, *, repeats: bool = False) -> Parameters:
    """The parameters of a POST; `repeats` as for `parameters.parse_form`, raises as `read_body`."""
    return parameters.parse_form(await read_body(request), repeats=repeats)


async def read_body(request: web.Request) -> bytes:
    """The body of a POST that holds a form, not parsed yet.

    Raises:
        OAuthError: invalid_request, with status 413 for a body that is too long.
    """
    if "?" in request.raw_path and request.query_string:
        # RFC 6749 section 2.3.1: credentials "MUST NOT be included in the request URI".
        raise errors.invalid_request("parameters belong in the body, not in the query")
    _check_content(request, CONTENT_TYPE)
    return await _body(request)


def read_query(request: web.Request, *, repeats: bool = False) -> Parameters:
    """The parameters of a GET, of the query as it was sent: the request's URL is quoted again.

    Raises:
        OAuthError: invalid_request.
    """
    raw = request.raw_path.partition("#")[0].partition("?")[2]
    return parameters.parse_query(raw, repeats=repeats)


async def read_json(request: web.Request) -> bytes:
    """The body of a request whose content is JSON, not read any further; raises as `read`."""
    _check_content(request, JSON)
    return await _body(request)


def authorization(request: web.Request) -> str | None:
    """The Authorization header, which there may be one of.

    Raises:
        OAuthError: invalid_request.
    """
    values = request.headers.getall("Authorization", [])
    if len(values) > 1:
        raise errors.invalid_request("more than one Authorization header")
    return values[0] if values else None


def _check_content(request: web.Request, content_type: str) -> None:
    # As nearly everybody writes it; whatever else it may say takes a parser.
    is_plain = request.headers.get("Content-Type") == content_type
    if not is_plain and request.content_type != content_type:
        raise errors.invalid_request(f"the content type must be {content_type}")
    if not is_plain and (request.charset or "utf-8").lower() not in {"utf-8", "utf8"}:
        raise errors.invalid_request("the charset must be UTF-8")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise errors.invalid_request("the body must not be compressed")


async def _body(request: web.Request) -> bytes:
    try:
        if request.content.is_eof():  # all of it is here, and nothing to wait for
            return _arrived(request)
        async with asyncio.timeout(SECONDS_TO_SEND):
            return await request.read()
    except web.HTTPRequestEntityTooLarge as error:
        raise _too_long() from error
    except (web.RequestPayloadError, ConnectionError) as error:
        raise errors.invalid_request("the body is broken or ended early") from error
    except TimeoutError as error:
        message = "the body did not arrive in time"
        raise OAuthError(ErrorCode.INVALID_REQUEST, message, 408) from error


def _arrived(request: web.Request) -> bytes:
    """The body as it lies there; the library's way of reading waits, grows and copies."""
    body = request.content.read_nowait()
    if len(body) > MOST_BYTES:
        raise _too_long()
    return body


def _too_long() -> OAuthError:
    message = f"the body has more than {MOST_BYTES} bytes"
    return OAuthError(ErrorCode.INVALID_REQUEST, message, 413)
