"""The whole of what a port serves: a request's path and method find the endpoint that answers it.

Made once, when the server starts, over aiohttp's server of single requests: its applications
resolve, wrap and sign off each request anew.
"""

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Any

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import RawRequestMessage
from aiohttp.streams import StreamReader

from authly_server.protocol.errors import NotAllowed, not_found
from authly_server.web import discovery, forms, jwks, routes, services
from authly_server.web.admin import frame as admin_frame
from authly_server.web.paths import Paths
from authly_server.web.response import Handler, Response
from authly_server.web.routes import Route
from authly_server.web.services import Services
from authly_server.web.surroundings import Surrounded


_OTHER = "other"


class Application:
    """Everything that a table says, and an answer for all the rest; it opens nothing.

    `elsewhere` is what surrounds that answer, where callers of this port have to be let in first.
    """

    def __init__(
        self, found: Services, table: Mapping[str, Route], elsewhere: Route | None = None
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._state: dict[web.RequestKey[Any] | str, Any] = {
            services.SERVICES: found,
            discovery.DOCUMENT: discovery.prepare(found),
            jwks.DOCUMENT: jwks.prepare(found.keys),
        }
        self._paths = Paths({path: _by_method(route, found) for path, route in table.items()})
        self._nowhere = _for_all(_refuse_path, elsewhere, found)

    def server(self, **options: Any) -> web.Server:
        """What listens; `options` are those of aiohttp's connections."""
        return web.Server(self._answer, request_factory=self._request, **options)  # type: ignore[arg-type]  # of the requests that it makes

    def _request(
        self,
        message: RawRequestMessage,
        content: StreamReader,
        connection: web.RequestHandler,
        writer: AbstractStreamWriter,
        task: "asyncio.Task[None]",
    ) -> web.Request:
        return web.Request(
            message,
            content,
            connection,
            writer,
            task,
            self._loop,
            client_max_size=forms.MOST_BYTES,
            state=self._state.copy(),
        )

    def _answer(self, request: web.Request) -> Awaitable[Response]:
        methods = self._paths.find(request) or self._nowhere
        return (methods.get(request.method) or methods[_OTHER])(request)


def of_everybody(found: Services) -> Application:
    """What is on the public port."""
    return Application(found, routes.table(found.settings, found.issuer))


def of_administrators(found: Services) -> Application:
    """What is on the port of administrators, which answers nobody else."""
    return Application(found, admin_frame.routes_below(found.issuer), admin_frame.ELSEWHERE)


def _by_method(route: Route, found: Services) -> Mapping[str, Handler]:
    """What answers each method; all that the table does not have are refused."""
    handlers = routes.by_method(route)
    allowed = ",".join(sorted(handlers))

    async def refuse_method(_: web.Request) -> Response:
        raise NotAllowed(allowed)

    refused = _for_all(refuse_method, route, found)
    return refused | {
        method: Surrounded(handler, method, route, found).answer
        for method, handler in handlers.items()
    }


def _for_all(handler: Handler, route: Route | None, found: Services) -> dict[str, Handler]:
    methods = (*routes.METHODS, _OTHER)
    return {method: Surrounded(handler, method, route, found).answer for method in methods}


async def _refuse_path(_: web.Request) -> Response:
    raise not_found()
