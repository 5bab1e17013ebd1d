"""The table of everything that is served, and nothing else is, but to administrators.

What is for them, on a port of its own, is in `admin/table.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from urllib.parse import urlsplit

from authly_server.settings import Settings
from authly_server.web import (
    account,
    authorize,
    consent,
    cors,
    device,
    device_authorization,
    discovery,
    health,
    introspection,
    jwks,
    login,
    logout,
    own_password,
    password_reset,
    pushed_authorization,
    registration,
    revocation,
    second_factor,
    token_endpoint,
    userinfo,
)
from authly_server.web.rate_limit import Limit
from authly_server.web.response import Handler


class Face(Enum):
    """To whom an endpoint speaks, and so what its errors look like."""

    PROGRAM = auto()  # JSON, RFC 6749 section 5.2
    RESOURCE = auto()  # JSON and a Bearer challenge, RFC 6750 section 3
    ADMIN = auto()  # the same, for callers from ADMIN_NETWORKS
    PERSON = auto()  # a page
    PROBE = auto()  # JSON, whatever the Host header says


@dataclass(frozen=True, slots=True)
class Route:
    """One path; `endpoint` is its name in metrics and logs, `cross_origin` admits CORS_ORIGINS.

    Without a `limit` it has the one of its face; `counted_as` is which it has.
    """

    path: str
    endpoint: str
    face: Face
    handlers: Mapping[str, Handler]
    cross_origin: bool = False
    limit: Limit | None = None
    counted_as: Limit = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "counted_as", self.limit or _LIMITS[self.face])


_LIMITS = {
    Face.PROGRAM: Limit.CLIENT,
    Face.RESOURCE: Limit.CALLER,
    Face.ADMIN: Limit.CALLER,
    Face.PERSON: Limit.GENERAL,
    Face.PROBE: Limit.NONE,
}
OAUTH = (
    Route(
        "/authorize",
        "authorize",
        Face.PERSON,
        {"GET": authorize.get, "POST": authorize.post},
        limit=Limit.STRICT,
    ),
    Route("/login", "login", Face.PERSON, {"GET": login.get, "POST": login.post}, limit=Limit.FORM),
    Route("/consent", "consent", Face.PERSON, {"GET": consent.get, "POST": consent.post}),
    Route("/logout", "logout", Face.PERSON, {"GET": logout.get, "POST": logout.post}),
    Route("/device", "device", Face.PERSON, {"GET": device.get, "POST": device.post}),
    Route("/device/login", "device_login", Face.PERSON, {"POST": device.sign_in}, limit=Limit.FORM),
    Route("/device/consent", "device_consent", Face.PERSON, {"POST": device.decide}),
    Route(
        "/device_authorization",
        "device_authorization",
        Face.PROGRAM,
        {"POST": device_authorization.post},
    ),
    Route("/par", "par", Face.PROGRAM, {"POST": pushed_authorization.post}, True),
    Route("/token", "token", Face.PROGRAM, {"POST": token_endpoint.post}, True),
    Route("/auth/token", "token", Face.PROGRAM, {"POST": token_endpoint.post}, True),
    Route("/auth/refresh", "refresh", Face.PROGRAM, {"POST": token_endpoint.refresh}, True),
    Route("/revoke", "revoke", Face.PROGRAM, {"POST": revocation.post}, True, Limit.CALLER),
    Route(
        "/introspect",
        "introspect",
        Face.PROGRAM,
        {"POST": introspection.post},
        limit=Limit.CALLER,
    ),
    Route(
        "/userinfo", "userinfo", Face.RESOURCE, {"GET": userinfo.get, "POST": userinfo.post}, True
    ),
    Route("/jwks", "jwks", Face.PROGRAM, {"GET": jwks.get}, True, Limit.NONE),
)
ACCOUNT = (
    Route(account.ROOT, "account", Face.PERSON, {"GET": account.get}),
    Route(account.LOGIN, "account_login", Face.PERSON, {"POST": account.sign_in}, limit=Limit.FORM),
    Route(account.SESSIONS, "account_sessions", Face.PERSON, {"POST": account.end_sessions}),
    Route(account.APPLICATIONS, "account_applications", Face.PERSON, {"POST": account.withdraw}),
    Route(
        account.PASSWORD,
        "account_password",
        Face.PERSON,
        {"GET": own_password.get, "POST": own_password.post},
        limit=Limit.FORM,
    ),
    Route(
        account.SECOND_FACTOR,
        "second_factor",
        Face.PERSON,
        {"GET": second_factor.get, "POST": second_factor.post},
        limit=Limit.FORM,
    ),
)
# Only where SMTP_HOST is set.
FORGOTTEN = (
    Route(
        password_reset.FORGOTTEN,
        "forgotten_password",
        Face.PERSON,
        {"GET": password_reset.get_forgotten, "POST": password_reset.post_forgotten},
        limit=Limit.FORM,
    ),
    Route(
        password_reset.NEW,
        "new_password",
        Face.PERSON,
        {"GET": password_reset.get_new, "POST": password_reset.post_new},
        limit=Limit.FORM,
    ),
)
# Only where DYNAMIC_REGISTRATION is not off.
REGISTRATION = (
    Route("/register", "register", Face.PROGRAM, {"POST": registration.post}, True, Limit.STRICT),
    Route(
        "/register/{client_id}",
        "registration",
        Face.PROGRAM,
        {"GET": registration.get, "PUT": registration.put, "DELETE": registration.delete},
    ),
)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
METADATA = ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration")
HEALTH = (
    Route("/health", "health", Face.PROBE, {"GET": health.live}),
    Route("/health/live", "health_live", Face.PROBE, {"GET": health.live}),
    Route("/health/ready", "health_ready", Face.PROBE, {"GET": health.ready}),
)


def table(settings: Settings, issuer: str) -> dict[str, Route]:
    """Every route by its full path: the endpoints below the issuer's own path, if it has one."""
    prefix = urlsplit(issuer).path.rstrip("/")
    routes = list(HEALTH) if settings.health_check_enabled else []
    if settings.oauth_enabled:
        routes += [
            _below(prefix, route)
            for route in OAUTH
            if settings.device_flow_enabled or not route.endpoint.startswith("device")
        ]
        routes += [_below(prefix, route) for route in ACCOUNT]
        if settings.smtp_host is not None:
            routes += [_below(prefix, route) for route in FORGOTTEN]
        if settings.dynamic_registration != "off":
            routes += [_below(prefix, route) for route in REGISTRATION]
        routes += [_metadata(path) for path in metadata_paths(prefix)]
    return {route.path: route for route in routes}


def metadata_paths(prefix: str) -> tuple[str, ...]:
    """Where clients look for the metadata of an issuer with a path: inserted before it or after.

    RFC 8414 sections 3.1 and 5, OpenID Connect Discovery section 4.1.
    """
    return tuple(
        dict.fromkeys(path for name in METADATA for path in (name + prefix, prefix + name))
    )


def by_method(route: Route) -> dict[str, Handler]:
    """The handlers of a route, with those that follow from them."""
    handlers = dict(route.handlers)
    # A page is for someone who looks at it; a HEAD must not sign in, nor be given a code.
    if "GET" in handlers and route.face is not Face.PERSON:
        handlers["HEAD"] = handlers["GET"]
    if route.cross_origin:
        handlers["OPTIONS"] = cors.preflight
    return handlers


def _below(prefix: str, route: Route) -> Route:
    return replace(route, path=prefix + route.path)


def _metadata(path: str) -> Route:
    return Route(path, "metadata", Face.PROGRAM, {"GET": discovery.get}, True, Limit.NONE)
