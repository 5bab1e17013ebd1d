"""The management port: /metrics, for Prometheus inside of the cluster only."""

from aiohttp import web

from authly_server import metrics
from authly_server.metrics import Metrics


def build(source: Metrics) -> web.Application:
    """An application of one route."""

    async def scrape(_: web.Request) -> web.Response:
        headers = {"Content-Type": metrics.CONTENT_TYPE, "Cache-Control": "no-store"}
        return web.Response(body=source.exposition(), headers=headers)

    app = web.Application()
    app.router.add_get("/metrics", scrape)
    return app
