"""The seam to the server's environment: which setting has which name, and its value.

The names are those that authly_server.settings reads; a setting that is not wanted is left out.
"""

from decimal import Decimal
from typing import Final

from authly_operator import naming
from authly_operator.api import authly_server, duration, policy
from authly_operator.desired import url
from authly_operator.observed import Identity


PORT: Final = 8000
"""Where the server serves OAuth and its health."""
MANAGEMENT_PORT: Final = 9000
"""Where the server serves /metrics."""
KEYS_DIRECTORY: Final = "/etc/authly/keys"
_MINUTE: Final = 60
_DAY: Final = 86_400


def data(spec: authly_server.Spec, identity: Identity) -> dict[str, str]:
    """Every setting that is no secret, by the name of its environment variable."""
    settings = {
        "ENVIRONMENT": "production",
        "ISSUER": spec.effective_issuer(),
        "JWT_ALGORITHM": spec.signing_keys.algorithm.value,
        "ACCESS_TOKEN_EXPIRE_MINUTES": _in(spec.tokens.access_token_ttl, _MINUTE),
        "REFRESH_TOKEN_EXPIRE_DAYS": _in(spec.tokens.refresh_token_ttl, _DAY),
        "AUTHORIZATION_CODE_EXPIRE_MINUTES": _in(spec.tokens.authorization_code_ttl, _MINUTE),
        "PKCE_REQUIRED": _switch(spec.oauth.require_pkce),
        "REQUIRE_USER_CONSENT": _switch(spec.oauth.require_consent),
        "DATABASE_POOL_MIN": str(spec.database.pool.min),
        "DATABASE_POOL_MAX": str(spec.database.pool.max),
        "CORS_ORIGINS": ",".join(spec.security.cors_origins),
        "ALLOWED_HOSTS": ",".join(_allowed_hosts(spec, identity)),
        "TRUSTED_PROXIES": ",".join(spec.security.trusted_proxies),
        "RATE_LIMIT_ENABLED": _switch(_is_limited(spec)),
        "RATE_LIMIT_REQUESTS_PER_MINUTE": str(spec.security.rate_limit.requests_per_minute),
        "AUTH_RATE_LIMIT_REQUESTS_PER_MINUTE": str(
            spec.security.rate_limit.auth_requests_per_minute
        ),
        "AUTH_RATE_LIMIT_BURST": str(spec.security.rate_limit.burst),
        "LOG_LEVEL": spec.logging.level.value.lower(),
    }
    return {name: setting for name, setting in settings.items() if setting}


def credentials(spec: authly_server.Spec) -> tuple[str, ...]:
    """The keys of the credentials Secret that a server is given, and no other."""
    shared = ("JWT_SECRET_KEY",) if spec.signing_keys.algorithm is policy.Algorithm.HS256 else ()
    counted = ("REDIS_URL",) if spec.redis is not None else ()
    return ("DATABASE_URL", "SECRET_KEY", "JWT_REFRESH_SECRET_KEY", *shared, *counted)


def _allowed_hosts(spec: authly_server.Spec, identity: Identity) -> tuple[str, ...]:
    """None where every host is answered; else the issuer's and the Service's go without saying."""
    if not spec.security.allowed_hosts:
        return ()
    inside = naming.service_host(identity.name, identity.namespace)
    issuer = url.host(spec.effective_issuer())
    hosts = (issuer, inside, f"{inside}.cluster.local", *spec.security.allowed_hosts)
    return tuple(dict.fromkeys(hosts))


def _is_limited(spec: authly_server.Spec) -> bool:
    """As it is said; else unless all who come through a proxy would be counted as one."""
    if spec.security.rate_limit.enabled is not None:
        return spec.security.rate_limit.enabled
    proxied = spec.ingress.enabled or spec.gateway is not None
    return not proxied or bool(spec.security.trusted_proxies)


def _switch(on: bool) -> str:
    return "true" if on else "false"


def _in(lifetime: str, unit: int) -> str:
    """A lifetime in another unit, precise enough to be rounded to its very seconds again."""
    exact = Decimal(duration.seconds(lifetime)) / unit
    return f"{exact:.8f}".rstrip("0").rstrip(".")
