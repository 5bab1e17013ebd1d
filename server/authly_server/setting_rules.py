"""What settings say only together: tables of rules, each with the line that somebody is told.

They are about `settings.Settings`, which stands above and knows them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final


_LONGEST_CODE: Final = 60
_ASYMMETRIC: Final = frozenset({"ES256", "EdDSA"})


@dataclass(frozen=True, slots=True)
class Rule:
    """What some settings say only together; the first of the names is the one to be told of."""

    names: tuple[str, ...]
    is_broken: Callable[[Any], bool]
    reason: str

    @property
    def line(self) -> str:
        """What somebody is told who broke it."""
        return f"{self.names[0].upper()}: {self.reason}"


def _needed_to_serve(name: str) -> Rule:
    return Rule((name,), lambda given: getattr(given, name) is None, "must be set to serve")


TOGETHER: Final = (
    Rule(
        ("database_pool_min", "database_pool_max"),
        lambda given: given.database_pool_min > given.database_pool_max,
        "must not exceed DATABASE_POOL_MAX",
    ),
    Rule(
        ("admin_port", "admin_networks", "port", "management_port"),
        lambda given: (
            bool(given.admin_networks) and given.admin_port in {given.port, given.management_port}
        ),
        "must be another port than PORT and MANAGEMENT_PORT",
    ),
    Rule(
        ("jwt_refresh_secret_key", "jwt_secret_key"),
        lambda given: (
            given.jwt_secret_key is not None
            and given.jwt_secret_key == given.jwt_refresh_secret_key
        ),
        "must differ from JWT_SECRET_KEY",
    ),
    Rule(
        ("kubernetes_issuer", "kubernetes_jwks_file", "kubernetes_jwks_url"),
        lambda given: (
            given.kubernetes_issuer is not None
            and (given.kubernetes_jwks_file is None) == (given.kubernetes_jwks_url is None)
        ),
        "needs either KUBERNETES_JWKS_FILE or KUBERNETES_JWKS_URL",
    ),
    Rule(
        ("initial_access_token", "dynamic_registration"),
        lambda given: given.dynamic_registration == "token" and given.initial_access_token is None,
        "must be set where DYNAMIC_REGISTRATION is token",
    ),
    Rule(
        ("smtp_from_email", "smtp_host"),
        lambda given: given.smtp_host is not None and given.smtp_from_email is None,
        "must be set with SMTP_HOST",
    ),
    Rule(
        ("smtp_password", "smtp_username"),
        lambda given: (
            given.smtp_host is not None
            and (given.smtp_username is None) != (given.smtp_password is None)
        ),
        "must be set with SMTP_USERNAME, and only with it",
    ),
    Rule(
        ("smtp_security", "smtp_username"),
        lambda given: given.smtp_security == "none" and given.smtp_username is not None,
        "must be starttls or tls with SMTP_USERNAME, whose password everybody could read",
    ),
)
TO_SERVE: Final = (
    _needed_to_serve("issuer"),
    _needed_to_serve("secret_key"),
    _needed_to_serve("jwt_refresh_secret_key"),
    Rule(
        ("jwt_secret_key", "jwt_algorithm"),
        lambda given: given.jwt_algorithm == "HS256" and given.jwt_secret_key is None,
        "must be set to serve with JWT_ALGORITHM=HS256",
    ),
    # The FAPI 2.0 Security Profile, as far as it is about what the server itself is set to.
    Rule(
        ("authorization_code_expire_minutes", "oauth_profile"),
        lambda given: given.is_fapi and given.authorization_code_ttl > _LONGEST_CODE,
        "must be 1 at most with OAUTH_PROFILE=fapi2 (5.3.2.1, 11)",
    ),
    Rule(
        ("pkce_required", "oauth_profile"),
        lambda given: given.is_fapi and not given.pkce_required,
        "must be true with OAUTH_PROFILE=fapi2 (5.3.2.2, 5)",
    ),
    Rule(
        ("jwt_algorithm", "oauth_profile"),
        lambda given: given.is_fapi and given.jwt_algorithm not in _ASYMMETRIC,
        "must be ES256 or EdDSA with OAUTH_PROFILE=fapi2 (5.4.1)",
    ),
)
SERVING: Final = TOGETHER + TO_SERVE
