"""Every setting of the server, read once from the environment, frozen; wrong ones are told apart.

The names are those of the deployment guide, lower-cased. Times may be decimals of their unit and
are rounded to whole seconds.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator, model_validator

from authly_server.client_settings import ClientSettings
from authly_server.limit_settings import LimitSettings
from authly_server.setting_types import Names, Networks, Port, Secret


_SECONDS_A_MINUTE: Final = 60
_SECONDS_A_DAY: Final = 86_400

_NO_MAIL: Final = "has no effect: no mail is sent"
# The guide's settings that are accepted, so that its configuration can be used as it stands.
_WITHOUT_EFFECT: Final = {
    "smtp_host": _NO_MAIL,
    "smtp_port": _NO_MAIL,
    "smtp_username": _NO_MAIL,
    "smtp_password": _NO_MAIL,
    "smtp_from_email": _NO_MAIL,
}


class SettingsError(Exception):
    """At least one setting is wrong; one line for each, without the value of a secret."""

    def __init__(self, lines: tuple[str, ...]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


Algorithm = Literal["ES256", "RS256", "EdDSA", "HS256"]


class Settings(LimitSettings, ClientSettings):
    """The settings; a property tells the lifetimes in seconds."""

    database_url: str = Field(repr=False, pattern=r"^postgres(ql)?://")
    server_database_url: str | None = Field(default=None, repr=False)
    operator_database_url: str | None = Field(default=None, repr=False)
    database_pool_min: int = Field(default=1, ge=0, le=1000)
    database_pool_max: int = Field(default=10, ge=1, le=1000)
    database_timeout_seconds: float = Field(default=1.8, gt=0, le=60)

    issuer: str | None = None
    secret_key: Secret | None = Field(default=None, repr=False)
    jwt_algorithm: Algorithm = "ES256"
    jwt_secret_key: Secret | None = Field(default=None, repr=False)
    jwt_refresh_secret_key: Secret | None = Field(default=None, repr=False)
    signing_keys_file: str = "/etc/authly/keys/keyring.json"

    access_token_expire_minutes: Decimal = Field(default=Decimal(30), gt=0, le=1440)
    refresh_token_expire_days: Decimal = Field(default=Decimal(7), gt=0, le=3650)
    authorization_code_expire_minutes: Decimal = Field(default=Decimal(10), gt=0, le=10)
    oauth_enabled: bool = True
    pkce_required: bool = True
    pushed_authorization_required: bool = False
    dpop_nonce_required: bool = False
    require_user_consent: bool = True
    password_hash_cost: int = Field(default=12, ge=10, le=16)

    cors_origins: Names = ()
    allowed_hosts: Names = ()
    trusted_proxies: Networks = ()
    cache_ttl: int = Field(default=300, ge=0, le=86_400)

    smtp_host: str | None = None
    smtp_port: Port = 587
    smtp_username: str | None = None
    smtp_password: str | None = Field(default=None, repr=False)
    smtp_from_email: str | None = None

    environment: str = "production"
    log_level: Literal["debug", "info", "warning", "error", "critical"] = "info"
    debug: bool = False
    metrics_enabled: bool = True
    health_check_enabled: bool = True
    processes: int = Field(default=1, ge=1, le=64)
    port: Port = 8000
    management_port: Port = 9000

    admin_email: str | None = None
    admin_password: str | None = Field(default=None, repr=False)

    backup_directory: str | None = None
    backup_s3_bucket: str | None = None
    backup_s3_prefix: str = ""
    backup_s3_endpoint: str | None = None
    backup_s3_region: str | None = None
    backup_s3_storage_class: str = "STANDARD_IA"
    aws_access_key_id: str | None = None
    aws_secret_access_key: str | None = Field(default=None, repr=False)
    backup_retention_days: int = Field(default=30, ge=1, le=36_500)
    backup_name: str = Field(default="authly", pattern=r"^[a-z0-9]([a-z0-9.-]{0,98}[a-z0-9])?$")

    @field_validator("log_level", mode="before")
    @classmethod
    def _fold(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("issuer")
    @classmethod
    def _check_issuer(cls, value: str | None) -> str | None:
        """RFC 8414 section 2: an https URL without query or fragment."""
        if value is not None and not _is_issuer(value):
            message = "must be an https URL without query and fragment (RFC 8414 section 2)"
            raise ValueError(message)
        return value

    @field_validator("cors_origins")
    @classmethod
    def _check_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        """RFC 6454 section 6.2: scheme, host and port, as browsers send them."""
        for origin in value:
            if origin != "*" and not _is_origin(origin):
                message = "must be origins like https://app.example.com, or *"
                raise ValueError(message)
        return value

    @field_validator("admin_email")
    @classmethod
    def _check_email(cls, value: str | None) -> str | None:
        if value is not None and not _is_email(value.strip()):
            message = "must be an e-mail address"
            raise ValueError(message)
        return value

    @model_validator(mode="after")
    def _check_pool(self) -> Self:
        if self.database_pool_min > self.database_pool_max:
            message = "DATABASE_POOL_MIN must not exceed DATABASE_POOL_MAX"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _check_secrets_differ(self) -> Self:
        if self.jwt_secret_key and self.jwt_secret_key == self.jwt_refresh_secret_key:
            message = "JWT_REFRESH_SECRET_KEY must differ from JWT_SECRET_KEY"
            raise ValueError(message)
        return self

    @property
    def without_effect(self) -> tuple[str, ...]:
        """One line for each setting that was given and changes nothing in this version."""
        given = (name for name in _WITHOUT_EFFECT if name in self.model_fields_set)
        return tuple(
            f"{name.upper()}: {_WITHOUT_EFFECT[name]}" for name in given if getattr(self, name)
        )

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


def load(environ: Mapping[str, str]) -> Settings:
    """Read the settings from environment variables; an empty variable means an absent one.

    Raises:
        SettingsError: one line for each setting that is wrong or missing.
    """
    values: dict[str, Any] = {
        name: environ[name.upper()] for name in Settings.model_fields if environ.get(name.upper())
    }
    try:
        return Settings(**values)
    except ValidationError as error:
        raise SettingsError(tuple(_lines(error))) from None


def check_serving(settings: Settings) -> None:
    """Check what only `serve` needs.

    Raises:
        SettingsError: one line for each setting that is missing.
    """
    needed = ["issuer", "secret_key", "jwt_refresh_secret_key"]
    if settings.jwt_algorithm == "HS256":
        needed.append("jwt_secret_key")
    missing = tuple(name for name in needed if getattr(settings, name) is None)
    if missing:
        raise SettingsError(tuple(f"{name.upper()}: must be set to serve" for name in missing))


def _is_issuer(text: str) -> bool:
    return (
        text.isprintable()
        and text.isascii()
        and text.startswith("https://")
        and not set(text) & set(" ?#@\\")
        and _has_host(text)
    )


def _is_origin(text: str) -> bool:
    return (
        text.isascii()
        and text == text.lower()
        and text.startswith(("https://", "http://"))
        and not set(text.partition("://")[2]) & set(" /?#@*\\")
        and _has_host(text)
    )


def _has_host(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _is_email(text: str) -> bool:
    """An address in the rough: people type it, and mail to it proves it."""
    local, _, domain = text.rpartition("@")
    return bool(local and domain) and text.isprintable() and " " not in text


def _lines(error: ValidationError) -> list[str]:
    return [
        ": ".join([str(part).upper() for part in entry["loc"][:1]] + [_reason(entry["msg"])])
        for entry in error.errors(include_input=False, include_url=False)
    ]


def _reason(message: str) -> str:
    return message.removeprefix("Value error, ").replace("\n", " ")
