"""The operator's own HTTP face: /healthz for the kubelet and /metrics for Prometheus."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from authly_operator import metrics


Health = Callable[[], str | None]
"""Answers None while the process is well, else one line that says what is not."""


@asynccontextmanager
async def serve(
    *, health: Health, measured: metrics.Metrics, health_port: int, metrics_port: int
) -> AsyncIterator[None]:
    """Answer on both ports while the block runs.

    Raises:
        OSError: a port is taken.
    """

    async def healthz(_: web.Request) -> web.Response:
        reason = health()
        return web.Response(text=f"{reason or 'ok'}\n", status=503 if reason else 200)

    async def exposition(_: web.Request) -> web.Response:
        headers = {"Content-Type": metrics.CONTENT_TYPE}
        return web.Response(body=measured.exposition(), headers=headers)

    async with (
        _listening("/healthz", healthz, health_port),
        _listening("/metrics", exposition, metrics_port),
    ):
        yield


@asynccontextmanager
async def _listening(
    path: str, handler: Callable[[web.Request], object], port: int
) -> AsyncIterator[None]:
    application = web.Application()
    application.router.add_get(path, handler)  # type: ignore[arg-type]
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, None, port).start()
        yield
    finally:
        await runner.cleanup()
