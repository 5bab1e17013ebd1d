"""The one owner of names: children, labels, annotations, field manager, finalizer, conditions.

Every other module asks here, so that a name can be found, and changed, in one place. Names derive
from the resource's own name alone: the same AuthlyServer created again finds its old children.
"""

import hashlib
from enum import StrEnum
from typing import Final


GROUP: Final = "authly.dev"
VERSION: Final = "v1alpha1"
API_VERSION: Final = f"{GROUP}/{VERSION}"

FIELD_MANAGER: Final = "authly-operator"
FINALIZER: Final = f"{GROUP}/registration"

MANAGED_BY_LABEL: Final = "app.kubernetes.io/managed-by"
NAME_LABEL: Final = "app.kubernetes.io/name"
INSTANCE_LABEL: Final = "app.kubernetes.io/instance"
COMPONENT_LABEL: Final = "app.kubernetes.io/component"
PART_OF_LABEL: Final = "app.kubernetes.io/part-of"

RECONCILE_ANNOTATION: Final = f"{GROUP}/reconcile"
RESTART_AT_ANNOTATION: Final = f"{GROUP}/restart-at"
CONFIG_HASH_ANNOTATION: Final = f"{GROUP}/config-hash"
DESIRED_HASH_ANNOTATION: Final = f"{GROUP}/desired-hash"

MAXIMUM_SERVER_NAME: Final = 40
"""Characters; the longest suffix and a CronJob's limit of 52 (Kubernetes) leave this much."""


class Component(StrEnum):
    """The value of the component label: which part of a server a child is."""

    SERVER = "server"
    DATABASE = "database"
    MIGRATION = "migration"
    BACKUP = "backup"
    MAINTENANCE = "maintenance"
    CLIENT = "client"


class Condition(StrEnum):
    """Condition types of the three kinds; positive, `Ready` the summary."""

    READY = "Ready"
    DATABASE_READY = "DatabaseReady"
    MIGRATED = "Migrated"
    SIGNING_KEYS_READY = "SigningKeysReady"
    AVAILABLE = "Available"
    ENDPOINT_READY = "EndpointReady"
    PROGRESSING = "Progressing"
    PAUSED = "Paused"
    ACCEPTED = "Accepted"
    SERVER_RESOLVED = "ServerResolved"
    SCOPES_RESOLVED = "ScopesResolved"
    SYNCED = "Synced"
    CREDENTIALS_READY = "CredentialsReady"


def selector(server: str, component: Component) -> dict[str, str]:
    """Labels that select the pods of one component of one server; never changed once written."""
    return {
        NAME_LABEL: "authly",
        INSTANCE_LABEL: server,
        COMPONENT_LABEL: component.value,
    }


def labels(server: str, component: Component) -> dict[str, str]:
    """The labels of a child: its selector, and who manages it."""
    return {
        **selector(server, component),
        PART_OF_LABEL: "authly",
        MANAGED_BY_LABEL: FIELD_MANAGER,
    }


def credentials(server: str) -> str:
    """The Secret with passwords and database URLs."""
    return f"{server}-credentials"


def signing_keys(server: str) -> str:
    """The Secret with the key ring."""
    return f"{server}-signing-keys"


def config(server: str) -> str:
    """The ConfigMap with the server's settings."""
    return f"{server}-config"


def deployment(server: str) -> str:
    """The Deployment, the Service and the Ingress carry the server's own name."""
    return server


def database(server: str) -> str:
    """The StatefulSet of PostgreSQL and its Service."""
    return f"{server}-database"


def backup(server: str) -> str:
    """The CronJob that dumps the database."""
    return f"{server}-backup"


def maintenance(server: str) -> str:
    """The CronJob that sweeps expired rows."""
    return f"{server}-maintenance"


def migration(server: str, image: str, database_url: str) -> str:
    """The migration Job of one image against one database.

    The name tells one from another, so that the Job of today's image is never taken for that of
    yesterday's: eight hexadecimal digits of SHA-256 over both.
    """
    digest = hashlib.sha256(f"{image}\0{database_url}".encode()).hexdigest()
    return f"{server}-migrate-{digest[:8]}"


def client_secret(client: str) -> str:
    """The Secret of an AuthlyClient where its secretTemplate names none."""
    return f"{client}-oauth"


def service_host(server: str, namespace: str) -> str:
    """The in-cluster host name of the server's Service."""
    return f"{server}.{namespace}.svc"


def database_host(server: str, namespace: str) -> str:
    """The in-cluster host name of the managed database's Service."""
    return f"{database(server)}.{namespace}.svc"
