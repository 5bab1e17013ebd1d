"""What all of the administrators' API shares: token, query, precondition and body, in this order.

From where they come is looked at before, by what surrounds each of these endpoints.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from aiohttp import web

from authly_server.protocol import errors, page, precondition
from authly_server.protocol.page import Page
from authly_server.protocol.parameters import Parameters
from authly_server.web import forms, services, token_bearer
from authly_server.web.admin import admission, content
from authly_server.web.admin.operation import Call, Operation
from authly_server.web.admin.table import BELOW, OPERATIONS
from authly_server.web.paths import NAMED_SEGMENT
from authly_server.web.response import Handler, Response
from authly_server.web.routes import Face, Route


# For all that is not in the table: nobody else learns what is.
ELSEWHERE = Route("", "admin_unknown", Face.ADMIN, {})


def routes_below(issuer: str) -> dict[str, Route]:
    """The table as routes, below the issuer's own path, if it has one."""
    prefix = urlsplit(issuer).path.rstrip("/") + BELOW
    handlers: dict[str, dict[str, Handler]] = {}
    for each in OPERATIONS:
        handlers.setdefault(each.path, {})[each.method] = _handler(each)
    return {
        prefix + path: Route(prefix + path, _endpoint(path), Face.ADMIN, by_method)
        for path, by_method in handlers.items()
    }


def _endpoint(path: str) -> str:
    """The path as metrics and logs have it: /users/{id}/sessions is admin_users_id_sessions."""
    words = path.replace("/", "_").replace("{", "").replace("}", "").replace(".", "_")
    return f"admin{words}"


def _handler(operation: Operation) -> Handler:
    async def answer(request: web.Request) -> Response:
        actor = await admission.admit(request)
        if actor is None:
            return token_bearer.challenged()
        query = forms.read_query(request)
        filters = _filters(operation, query)
        return await operation.answer(
            Call(
                services=services.of(request),
                actor=actor,
                name=request.get(NAMED_SEGMENT, ""),
                filters=filters,
                page=page.parse(query) if operation.is_list else Page(),
                versions=_versions(request, operation),
                content=await content.read(request, operation.takes),
            )
        )

    return answer


def _filters(operation: Operation, query: Parameters) -> Mapping[str, str]:
    """The filters of the query, in which there is nothing that the table does not name.

    Raises:
        OAuthError: invalid_request.
    """
    known = {*operation.filters, *(page.NAMES if operation.is_list else ())}
    if unknown := sorted(query.values.keys() - known):
        raise errors.invalid_request(f"not a parameter of this query: {', '.join(unknown)}")
    return {name: query.values[name][0] for name in operation.filters if name in query.values}


def _versions(request: web.Request, operation: Operation) -> tuple[str, ...]:
    """The versions of If-Match, which is not passed over where it would change nothing.

    Raises:
        OAuthError: invalid_request.
    """
    values = request.headers.getall("If-Match", [])
    if operation.is_conditional:
        return precondition.parse(values)
    if values:
        raise errors.invalid_request("this takes no If-Match: it is done whatever is there by now")
    return ()
