"""The aiohttp application: routes, middleware and limits around the services."""

from aiohttp import web

from authly_server.web import discovery, forms, jwks, middleware, routes
from authly_server.web.services import SERVICES, Services


def build(services: Services) -> web.Application:
    """An application that serves what the table says; it opens and closes nothing."""
    app = web.Application(
        middlewares=[middleware.observe, middleware.limit], client_max_size=forms.MOST_BYTES
    )
    app[SERVICES] = services
    app[routes.ROUTES] = routes.table(services.settings, services.issuer)
    discovery.install(
        app,
        services.issuer,
        services.keys,
        services.policy,
        settings=services.settings,
        profile=services.profile,
    )
    jwks.install(app, services.keys)
    routes.install(app.router, app[routes.ROUTES])
    app.on_response_prepare.append(middleware.forget_server)
    return app
