"""Every setting of the operator, read once from the environment; wrong ones are told apart."""

import socket
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError


PREFIX: Final = "AUTHLY_"
NAME: Final = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"
Name = Annotated[str, Field(pattern=NAME)]
Port = Annotated[int, Field(ge=1, le=65_535)]


class SettingsError(Exception):
    """At least one setting is wrong; one line for each."""

    def __init__(self, lines: tuple[str, ...]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


def _split(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


class Settings(BaseModel):
    """The settings; environment variables are named AUTHLY_ and the field in capitals."""

    model_config = ConfigDict(frozen=True)

    namespaces: Annotated[tuple[Name, ...], BeforeValidator(_split)] = ()
    """Namespaces to look after; all of them where empty."""
    operator_namespace: Name = "authly-system"
    """Where the operator itself runs, and its Lease is."""
    pod_name: str = Field(default_factory=socket.gethostname)
    """Who this process is in the Lease."""
    lease_name: Name = "authly-operator"
    kubeconfig: str | None = None
    """A kubeconfig's path, from KUBECONFIG; the pod's service account where absent."""
    server_image: str = "authly/server:0.1.0"
    database_image: str = "postgres:15"
    redis_image: str = "redis:7"
    restart_consumers: bool = False
    """Whether workloads that AuthlyClients name as rolloutTargets may be restarted."""
    last_backup_seconds: Annotated[int, Field(ge=1, le=7 * 24 * 3600)] = 3600
    """How long an AuthlyServer with deletionPolicy BackupThenDelete waits for its last backup."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    workers: Annotated[int, Field(ge=1, le=64)] = 8
    """How many resources are reconciled at once."""
    health_port: Port = 8080
    metrics_port: Port = 9000

    def looks_after(self, namespace: str) -> bool:
        """Whether resources of that namespace are this operator's."""
        return not self.namespaces or namespace in self.namespaces


def load(environ: Mapping[str, str]) -> Settings:
    """Read the settings; an empty variable means an absent one.

    Raises:
        SettingsError: one line for each setting that is wrong.
    """
    values: dict[str, Any] = {
        name: environ[variable]
        for name in Settings.model_fields
        if environ.get(variable := _variable(name))
    }
    try:
        return Settings(**values)
    except ValidationError as error:
        lines = [_line(entry["loc"], entry["msg"]) for entry in error.errors(include_url=False)]
        raise SettingsError(tuple(lines)) from None


def _variable(name: str) -> str:
    return "KUBECONFIG" if name == "kubeconfig" else PREFIX + name.upper()


def _line(location: tuple[int | str, ...], message: str) -> str:
    name = _variable(str(location[0])) if location else "settings"
    return f"{name}: {message.removeprefix('Value error, ')}"
