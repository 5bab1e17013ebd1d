"""The management port: /metrics, for Prometheus inside of the cluster only."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from authly_server import metrics


def build(read: Callable[[], Awaitable[bytes]]) -> web.Application:
    """An application of one route, which answers what is read."""

    async def scrape(_: web.Request) -> web.Response:
        headers = {"Content-Type": metrics.CONTENT_TYPE, "Cache-Control": "no-store"}
        return web.Response(body=await read(), headers=headers)

    app = web.Application()
    app.router.add_get("/metrics", scrape)
    return app
