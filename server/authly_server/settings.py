"""Every setting of the server, read once from the environment, frozen; wrong ones are told apart.

The names are those of the deployment guide, lower-cased. Times may be decimals of their unit and
are rounded to whole seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal

from pydantic import Field, ValidationError

from authly_server.backup_settings import BackupSettings
from authly_server.client_settings import ClientSettings
from authly_server.limit_settings import LimitSettings
from authly_server.mail_settings import MailSettings
from authly_server.setting_rules import TO_SERVE, TOGETHER, Rule
from authly_server.setting_types import (
    Email,
    Issuer,
    LogFormat,
    LogLevel,
    Names,
    Networks,
    Origins,
    Port,
    ScopeNames,
    Secret,
)


_SECONDS_A_MINUTE: Final = 60
_SECONDS_A_DAY: Final = 86_400

_NO_DATABASE: Final = {"database_url": "postgresql://"}
_NO_MAIL: Final = "has no effect without SMTP_HOST"
# The guide's settings that are accepted, so that its configuration can be used as it stands.
_WITHOUT_EFFECT: Final = {
    "db_password": "has no effect: the password is the one in DATABASE_URL",
}
_NO_ADMINISTRATORS: Final = {"admin_port": "has no effect without ADMIN_NETWORKS"}
_WITHOUT_SMTP: Final = dict.fromkeys(
    (name for name in MailSettings.model_fields if name.startswith("smtp_")), _NO_MAIL
)


class SettingsError(Exception):
    """At least one setting is wrong; one line for each, without the value of a secret."""

    def __init__(self, lines: tuple[str, ...]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


Algorithm = Literal["ES256", "RS256", "EdDSA", "HS256"]


class Settings(LimitSettings, ClientSettings, BackupSettings, MailSettings):
    """The settings; a property tells the lifetimes in seconds."""

    database_url: str = Field(repr=False, pattern=r"^postgres(ql)?://")
    """PostgreSQL, as postgresql://user:password@host:5432/database."""
    db_password: str | None = Field(default=None, repr=False)
    """No effect: the guide makes DATABASE_URL of it, and that has it."""
    next_database_url: str | None = Field(default=None, repr=False)
    """For all commands but serve: the same with another password, used where that of DATABASE_URL
    is refused; lock-roles gives it to the user."""
    former_database_url: str | None = Field(default=None, repr=False)
    """The same with the password of before; where only that is good, migrate sets the one of
    DATABASE_URL."""
    replication_url: str | None = Field(default=None, repr=False)
    """The role of a managed database's replicas, whose password is set together with those."""
    server_database_url: str | None = Field(default=None, repr=False)
    """For migrate: the role that serve will connect as, which gets its rights and password."""
    operator_database_url: str | None = Field(default=None, repr=False)
    """For migrate: the role that the operator will connect as, in the same way."""
    database_extensions: Names = ()
    """For migrate: extensions of PostgreSQL to create, with commas between them."""
    database_pool_min: int = Field(default=1, ge=0, le=1000)
    """Connections to PostgreSQL that each process keeps open."""
    database_pool_max: int = Field(default=10, ge=1, le=1000)
    """Connections to PostgreSQL that each process opens at most."""
    database_timeout_seconds: float = Field(default=1.8, gt=0, le=60)
    """How long a request waits for the database before it is answered 503."""

    issuer: Issuer | None = None
    """The https URL that clients know the server by, without query and fragment. Needed to
    serve."""
    secret_key: Secret | None = Field(default=None, repr=False)
    """Seals cookies and codes; at least 32 characters, the same for all replicas. Needed to
    serve."""
    jwt_algorithm: Algorithm = "ES256"
    """How access tokens are signed: ES256, RS256, EdDSA, or HS256 by a shared secret."""
    jwt_secret_key: Secret | None = Field(default=None, repr=False)
    """The shared secret of HS256; at least 32 characters."""
    jwt_refresh_secret_key: Secret | None = Field(default=None, repr=False)
    """What refresh tokens are derived with; at least 32 characters. Needed to serve."""
    signing_keys_file: str = "/etc/authly/keys/keyring.json"
    """The mounted ring of signing keys; it is read again when it changes."""

    access_token_format: Literal["jwt", "opaque"] = "jwt"  # noqa: S105  # a kind of token, not one
    """What access tokens are: jwt (RFC 9068), or opaque, which only introspection can read."""
    access_token_expire_minutes: Decimal = Field(default=Decimal(30), gt=0, le=1440)
    """Lifetime of access tokens in minutes."""
    refresh_token_expire_days: Decimal = Field(default=Decimal(7), gt=0, le=3650)
    """Lifetime of refresh tokens in days."""
    authorization_code_expire_minutes: Decimal = Field(default=Decimal(10), gt=0, le=10)
    """Lifetime of authorization codes in minutes, 10 at most."""
    oauth_profile: Literal["oauth21", "fapi2"] = "oauth21"
    """What is demanded of every client: oauth21, or fapi2 (FAPI 2.0 Security Profile)."""
    oauth_enabled: bool = True
    """Whether the endpoints of OAuth are there at all."""
    pkce_required: bool = True
    """Whether every client must use PKCE; else confidential ones may be registered without."""
    pushed_authorization_required: bool = False
    """Whether authorization requests must be pushed (RFC 9126)."""
    dpop_nonce_required: bool = False
    """Whether DPoP proofs must have a nonce of the server (RFC 9449)."""
    require_user_consent: bool = True
    """Whether people are asked before a client gets what it had not before."""
    default_scopes: ScopeNames = ()
    """Scopes that a client gets, as far as it may have them, when it asks for none; with commas or
    spaces between them. Those that say so themselves are given beside them."""
    password_hash_cost: int = Field(default=12, ge=10, le=16)
    """Cost of bcrypt for passwords, as a power of two."""

    cors_origins: Origins = ()
    """Origins of browser applications, with commas between them; * for any. A client may have
    origins of its own beside them."""
    allowed_hosts: Names = ()
    """Host headers that are answered, with commas between them; all where it is empty."""
    trusted_proxies: Networks = ()
    """Networks whose X-Forwarded-For is believed, with commas between them."""
    cache_ttl: int = Field(default=300, ge=0, le=86_400)
    """How many seconds clients and scopes are remembered, 30 at most; changes are heard at once."""

    environment: str = "production"
    """A name for the log."""
    log_level: LogLevel = "info"
    """What is logged: debug, info, warning, error or critical."""
    log_format: LogFormat = "json"
    """How serve logs: json, an object a line, or console, a line for people who read it."""
    debug: bool = False
    """Whether everything is logged, as by LOG_LEVEL=debug."""
    metrics_enabled: bool = True
    """Whether there is a management port."""
    health_check_enabled: bool = True
    """Whether /health, /health/live and /health/ready are there."""
    processes: int = Field(default=1, ge=1, le=64)
    """How many processes serve, one a core; each has connections and caches of its own."""
    port: Port = 8000
    """Where clients and people come."""
    management_port: Port = 9000
    """Where /metrics is."""
    admin_networks: Networks = ()
    """Networks that administrators come from, with commas between them; where it is empty their API
    is not there. As for TRUSTED_PROXIES, which are believed first."""
    admin_port: Port = 9001
    """Where the administrators' API is, with ADMIN_NETWORKS."""

    instance_owner: str | None = None
    """For migrate: whose database it is, as namespace/name of an AuthlyServer. That of another one
    is left alone."""
    instance_uid: str | None = None
    """For migrate: the uid of that AuthlyServer."""
    instance_taken_from: str | None = None
    """For migrate: the AuthlyServer whose database it was and is not to be any more."""
    admin_email: Email | None = None
    """For migrate: the first user, an administrator."""
    admin_password: str | None = Field(default=None, repr=False)
    """For migrate: the password of the first user, who gets it again where it is another one."""

    @property
    def without_effect(self) -> tuple[str, ...]:
        """One line for each setting that was given and changes nothing in this version."""
        told = _WITHOUT_EFFECT | (_WITHOUT_SMTP if self.smtp_host is None else {})
        told |= {} if self.admin_networks else _NO_ADMINISTRATORS
        given = (name for name in told if name in self.model_fields_set)
        return tuple(f"{name.upper()}: {told[name]}" for name in given if getattr(self, name))

    @property
    def is_fapi(self) -> bool:
        """Whether the FAPI 2.0 Security Profile is demanded."""
        return self.oauth_profile == "fapi2"

    @property
    def access_token_ttl(self) -> int:
        """Lifetime of an access token in seconds."""
        return max(1, round(self.access_token_expire_minutes * _SECONDS_A_MINUTE))

    @property
    def refresh_token_ttl(self) -> int:
        """Lifetime of a refresh token in seconds."""
        return max(1, round(self.refresh_token_expire_days * _SECONDS_A_DAY))

    @property
    def authorization_code_ttl(self) -> int:
        """Lifetime of an authorization code in seconds."""
        return max(1, round(self.authorization_code_expire_minutes * _SECONDS_A_MINUTE))


@dataclass(frozen=True, slots=True)
class Reading:
    """Settings as far as they could be read, a line for each that is wrong, and their names.

    Without any line the settings are good.
    """

    settings: Settings
    lines: tuple[str, ...]
    wrong: frozenset[str]


def read(environ: Mapping[str, str], rules: tuple[Rule, ...] = TOGETHER) -> Reading:
    """Read environment variables, and tell all that is wrong; an empty one is an absent one."""
    values: dict[str, Any] = {
        name: environ[name.upper()] for name in Settings.model_fields if environ.get(name.upper())
    }
    try:
        settings, lines, wrong = Settings(**values), [], frozenset[str]()
    except ValidationError as error:
        lines, wrong = _lines(error), frozenset(str(each["loc"][0]) for each in error.errors())
        # What the others say together is told as well; nothing is ever done with these.
        right = {name: value for name, value in values.items() if name not in wrong}
        settings = Settings(**_NO_DATABASE | right)
    broken = [rule for rule in rules if rule.is_broken(settings) and wrong.isdisjoint(rule.names)]
    lines += (rule.line for rule in broken)
    return Reading(settings, tuple(lines), wrong | {rule.names[0] for rule in broken})


def load(environ: Mapping[str, str], rules: tuple[Rule, ...] = TOGETHER) -> Settings:
    """The settings, if they are good.

    Raises:
        SettingsError: one line for each setting that is wrong or missing.
    """
    reading = read(environ, rules)
    if reading.lines:
        raise SettingsError(reading.lines)
    return reading.settings


def check_serving(settings: Settings) -> None:
    """Check what only `serve` needs.

    Raises:
        SettingsError: one line for each setting that is missing.
    """
    missing = tuple(rule.line for rule in TO_SERVE if rule.is_broken(settings))
    if missing:
        raise SettingsError(missing)


def _lines(error: ValidationError) -> list[str]:
    return [
        f"{str(entry['loc'][0]).upper()}: {_reason(entry['msg'])}"
        for entry in error.errors(include_input=False, include_url=False)
    ]


def _reason(message: str) -> str:
    return message.removeprefix("Value error, ").replace("\n", " ")
