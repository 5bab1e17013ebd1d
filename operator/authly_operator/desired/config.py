"""The seam to the server's environment: which setting has which name, and its value.

The names are those that authly_server.settings reads; a setting that is not wanted is left out.
"""

from decimal import Decimal
from typing import Final

from authly_operator import naming
from authly_operator.api import authly_server, duration, policy, registration
from authly_operator.desired import url
from authly_operator.material.registration_token import asks_for_token
from authly_operator.observed import Identity


PORT: Final = 8000
"""Where the server serves OAuth and its health."""
MANAGEMENT_PORT: Final = 9000
"""Where the server serves /metrics."""
ADMIN_PORT: Final = 9001
"""Where the server serves administrators, if their networks are named."""
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
        **_differing(spec),
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


def _differing(spec: authly_server.Spec) -> dict[str, str]:
    """Settings that are left to the server's own default where the spec does not differ.

    So a field that a later version of the operator brings restarts no server.
    """
    oauth, security = spec.oauth, spec.security
    dynamic = oauth.dynamic_registration
    default = registration.Registration()
    is_opaque = spec.tokens.access_token_format is policy.AccessTokenFormat.OPAQUE
    is_fapi = oauth.profile is policy.SecurityProfile.FAPI2
    settings = {
        "ACCESS_TOKEN_FORMAT": "opaque" if is_opaque else "",
        "OAUTH_PROFILE": "fapi2" if is_fapi else "",
        "PUSHED_AUTHORIZATION_REQUIRED": "true" if oauth.require_pushed_authorization else "",
        "DEFAULT_SCOPES": ",".join(oauth.default_scopes),
        "DEVICE_FLOW_ENABLED": "" if oauth.device_flow else "false",
        "CLIENT_ID_METADATA_DOCUMENTS": "true" if oauth.client_id_metadata_documents else "",
        "DYNAMIC_REGISTRATION": dynamic.mode.value.lower(),
        "DYNAMIC_CLIENT_SCOPES": ",".join(dynamic.scopes),
        "DYNAMIC_CLIENT_AUDIENCES": ",".join(dynamic.audiences),
        "DYNAMIC_CLIENT_LIMIT": str(dynamic.limit) if dynamic.limit != default.limit else "",
        "ADMIN_NETWORKS": ",".join(security.admin_networks),
        "LOGIN_THROTTLE_ENABLED": "" if security.login_throttle.enabled else "false",
        "PASSWORD_HASH_COST": str(security.password_policy.hash_cost),
        "PASSWORD_MINIMUM_LENGTH": str(security.password_policy.minimum_length),
        "LOG_FORMAT": spec.logging.format.value.lower(),
        **_mail(spec),
    }
    unsaid = {
        "LOG_FORMAT": "json",
        "DYNAMIC_REGISTRATION": "off",
        "PASSWORD_HASH_COST": "12",
        "PASSWORD_MINIMUM_LENGTH": "12",
    }
    return {name: text for name, text in settings.items() if text != unsaid.get(name, "")}


def _mail(spec: authly_server.Spec) -> dict[str, str]:
    if spec.email is None:
        return {}
    smtp = spec.email.smtp
    return {
        "SMTP_HOST": smtp.host,
        "SMTP_PORT": str(smtp.port),
        "SMTP_SECURITY": smtp.security.value.lower() if smtp.security else "",
        "SMTP_USERNAME": smtp.username or "",
        "SMTP_FROM_EMAIL": spec.email.from_,
    }


def credentials(spec: authly_server.Spec) -> tuple[str, ...]:
    """The keys of the credentials Secret that a server is given, and no other."""
    shared = ("JWT_SECRET_KEY",) if spec.signing_keys.algorithm is policy.Algorithm.HS256 else ()
    counted = ("REDIS_URL",) if spec.redis is not None else ()
    mails = ("SMTP_PASSWORD",) if spec.email and spec.email.smtp.username else ()
    admits = ("INITIAL_ACCESS_TOKEN",) if asks_for_token(spec) else ()
    always = ("DATABASE_URL", "SECRET_KEY", "JWT_REFRESH_SECRET_KEY")
    return (*always, *shared, *counted, *mails, *admits)


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
