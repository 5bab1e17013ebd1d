"""Environment variables that are added to the server's containers."""

from typing import Annotated, Final

from pydantic import ConfigDict, Field

from authly_operator.api import reference, value


RESERVED: Final = (
    "ACCESS_TOKEN_EXPIRE_MINUTES",
    "ACCESS_TOKEN_FORMAT",
    "ADMIN_EMAIL",
    "ADMIN_NETWORKS",
    "ADMIN_PASSWORD",
    "ADMIN_PORT",
    "ALLOWED_HOSTS",
    "AUTHORIZATION_CODE_EXPIRE_MINUTES",
    "AUTH_RATE_LIMIT_BURST",
    "AUTH_RATE_LIMIT_REQUESTS_PER_MINUTE",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "BACKUP_DIRECTORY",
    "BACKUP_DUMP_DIRECTORY",
    "BACKUP_ENCRYPTION_KEY",
    "BACKUP_KEEP_LAST",
    "BACKUP_NAME",
    "BACKUP_ORDER_DIRECTORY",
    "BACKUP_REPLICA_HOST",
    "BACKUP_RETENTION_DAYS",
    "BACKUP_S3_BUCKET",
    "BACKUP_S3_ENDPOINT",
    "BACKUP_S3_PREFIX",
    "BACKUP_S3_REGION",
    "BACKUP_S3_STORAGE_CLASS",
    "BACKUP_VERIFY",
    "CLIENT_ID_METADATA_DOCUMENTS",
    "CORS_ORIGINS",
    "DATABASE_EXTENSIONS",
    "DATABASE_POOL_MAX",
    "DATABASE_POOL_MIN",
    "DATABASE_URL",
    "DEFAULT_SCOPES",
    "DEVICE_FLOW_ENABLED",
    "DYNAMIC_CLIENT_AUDIENCES",
    "DYNAMIC_CLIENT_LIMIT",
    "DYNAMIC_CLIENT_SCOPES",
    "DYNAMIC_REGISTRATION",
    "ENVIRONMENT",
    "FORMER_DATABASE_URL",
    "HEALTH_CHECK_ENABLED",
    "INITIAL_ACCESS_TOKEN",
    "INSTANCE_OWNER",
    "INSTANCE_TAKEN_FROM",
    "INSTANCE_UID",
    "ISSUER",
    "JWT_ALGORITHM",
    "JWT_REFRESH_SECRET_KEY",
    "JWT_SECRET_KEY",
    "LOGIN_THROTTLE_ENABLED",
    "LOG_FORMAT",
    "LOG_LEVEL",
    "MANAGEMENT_PORT",
    "METRICS_ENABLED",
    "NEXT_DATABASE_URL",
    "OAUTH_PROFILE",
    "OPERATOR_DATABASE_URL",
    "PASSWORD_HASH_COST",
    "PASSWORD_MINIMUM_LENGTH",
    "PKCE_REQUIRED",
    "PORT",
    "PUSHED_AUTHORIZATION_REQUIRED",
    "RATE_LIMIT_ENABLED",
    "RATE_LIMIT_REQUESTS_PER_MINUTE",
    "REDIS_URL",
    "REFRESH_TOKEN_EXPIRE_DAYS",
    "REPLICATION_URL",
    "REQUIRE_USER_CONSENT",
    "RESTORE_BACKUP",
    "RESTORE_ID",
    "RESTORE_REVOKE_TOKENS",
    "RESTORE_SAFETY_BACKUP",
    "RESTORE_STEP",
    "SECRET_KEY",
    "SERVER_DATABASE_URL",
    "SIGNING_KEYS_FILE",
    "SMTP_FROM_EMAIL",
    "SMTP_HOST",
    "SMTP_PASSWORD",
    "SMTP_PORT",
    "SMTP_SECURITY",
    "SMTP_USERNAME",
    "TRUSTED_PROXIES",
)
"""Variables that the operator sets, or whose change would part it from the server."""


class ConfigMapKeyReference(value.Value):
    """One key of a ConfigMap of the same namespace."""

    name: reference.ObjectName
    """Name of the ConfigMap."""
    key: reference.SecretKey
    """Key inside the ConfigMap."""


class Source(value.Value):
    """Where a value comes from: exactly one of the fields."""

    model_config = ConfigDict(
        json_schema_extra=value.rules(
            value.rule(
                "has(self.secretKeyRef) != has(self.configMapKeyRef)",
                "set exactly one of valueFrom.secretKeyRef and valueFrom.configMapKeyRef",
            )
        )
    )

    secret_key_ref: reference.SecretKeyReference | None = None
    """A key of a Secret."""
    config_map_key_ref: ConfigMapKeyReference | None = None
    """A key of a ConfigMap."""


class Variable(value.Value):
    """One environment variable."""

    model_config = ConfigDict(
        json_schema_extra=value.rules(
            value.rule(
                "!(has(self.value) && has(self.valueFrom))",
                "set one of value and valueFrom, not both",
            ),
            value.rule(
                f"!(self.name in {list(RESERVED)})",
                "the operator sets this variable: set the field of the spec that it comes from",
            ),
        )
    )

    name: Annotated[str, Field(max_length=253, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
    """Its name; those that the operator sets are refused."""
    value: Annotated[str, Field(max_length=4096)] | None = None
    """Its value; $(NAME) is expanded, as in a pod."""
    value_from: Source | None = None
    """Where its value comes from."""


Variables = Annotated[tuple[Variable, ...], Field(max_length=64, json_schema_extra=reference.NAMED)]
