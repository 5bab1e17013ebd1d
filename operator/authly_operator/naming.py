"""The one owner of names: children, labels, annotations, field manager, finalizer.

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
RESTART_FIELD_MANAGER: Final = f"{FIELD_MANAGER}-restarts"
"""Of workloads that are other people's: what it applies is one annotation, and never the rest."""
FINALIZER: Final = f"{GROUP}/registration"

MANAGED_BY_LABEL: Final = "app.kubernetes.io/managed-by"
NAME_LABEL: Final = "app.kubernetes.io/name"
INSTANCE_LABEL: Final = "app.kubernetes.io/instance"
COMPONENT_LABEL: Final = "app.kubernetes.io/component"
PART_OF_LABEL: Final = "app.kubernetes.io/part-of"

RECONCILE_ANNOTATION: Final = f"{GROUP}/reconcile"
RESTART_AT_ANNOTATION: Final = f"{GROUP}/restart-at"
ROTATE_AT_ANNOTATION: Final = f"{GROUP}/rotate-at"
ROTATE_PASSWORDS_AT_ANNOTATION: Final = f"{GROUP}/rotate-passwords-at"
RESTARTED_FOR_ANNOTATION: Final = f"{GROUP}/restarted-for"
ROTATED_FOR_ANNOTATION: Final = f"{GROUP}/rotated-for"
REVOKE_KEYS_AT_ANNOTATION: Final = f"{GROUP}/revoke-keys-at"
APPROVE_MIGRATION_ANNOTATION: Final = f"{GROUP}/approve-migration"
DUMP_VOLUME: Final = "dumps"
"""Of a pod that dumps a database: where the dump is until it is kept."""
RESTORING_ANNOTATION: Final = f"{GROUP}/restoring"
"""On an AuthlyServer: the AuthlyRestore that it makes room for, one at a time."""
REPLICAS_ANNOTATION: Final = f"{GROUP}/replicas-before-restore"
"""On a Deployment that makes room for a restore: how many replicas it had."""
RECORDED_ANNOTATION: Final = f"{GROUP}/recorded"
"""On a Job of a schedule: its outcome is in an AuthlyBackup."""
SECRET_KEYS_ANNOTATION: Final = f"{GROUP}/secret-keys"
TAKE_DATABASE_FROM_ANNOTATION: Final = f"{GROUP}/take-database-from"
ROLES_ANNOTATION: Final = f"{GROUP}/database-roles"
"""On a migration Job: the mark of the passwords that it gives to idle roles, or signs in by."""
EPOCH_ANNOTATION: Final = f"{GROUP}/epoch"
CONFIG_HASH_ANNOTATION: Final = f"{GROUP}/config-hash"
DESIRED_HASH_ANNOTATION: Final = f"{GROUP}/desired-hash"
PASSWORD_HASH_ANNOTATION: Final = f"{GROUP}/password-hash"

HTTP_PORT: Final = 80
"""The default of http, which its URLs leave out."""
MAXIMUM_SERVER_NAME: Final = 40
"""Characters; the longest suffix and a CronJob's limit of 52 (Kubernetes) leave this much."""

MAXIMUM_BACKUP_PREFIX: Final = 100
"""Characters; what the server's BACKUP_NAME admits."""


class Component(StrEnum):
    """The value of the component label: which part of a server a child is."""

    SERVER = "server"
    DATABASE = "database"
    STANDBY = "standby"
    MIGRATION = "migration"
    BACKUP = "backup"
    MAINTENANCE = "maintenance"
    REDIS = "redis"
    CLIENT = "client"
    RUN = "run"
    """A Job of an AuthlyBackup or AuthlyRestore; its pods are those of a backup."""
    MONITORING = "monitoring"


NOT_OF_SERVERS: Final = frozenset({Component.CLIENT.value, Component.RUN.value})
"""Components of what belongs to another resource than the AuthlyServer that it is labelled by."""


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


def account_keys(server: str) -> str:
    """The ConfigMap with who signs the cluster's service accounts, and by which keys."""
    return f"{server}-account-keys"


def deployment(server: str) -> str:
    """The Deployment, the Service and the Ingress carry the server's own name."""
    return server


def database(server: str) -> str:
    """The StatefulSet of PostgreSQL and its Service."""
    return f"{server}-database"


def database_claim(server: str) -> str:
    """The PersistentVolumeClaim of the StatefulSet's only pod."""
    return f"data-{database(server)}-0"


def standby(server: str) -> str:
    """The StatefulSet of the managed database's replicas; ten characters more are a pod's label."""
    return f"{server}-standby"


def standby_pod(server: str, ordinal: int) -> str:
    """One replica of the managed database; PostgreSQL knows it by this name, too."""
    return f"{standby(server)}-{ordinal}"


def standby_claim(server: str, ordinal: int) -> str:
    """The PersistentVolumeClaim of that replica."""
    return f"data-{standby_pod(server, ordinal)}"


def database_read(server: str) -> str:
    """The Service of the managed database's replicas."""
    return f"{server}-database-read"


def backup(server: str) -> str:
    """The CronJob that dumps the database."""
    return f"{server}-backup"


def backup_run(server: str, uid: str) -> str:
    """The Job of an AuthlyBackup: eight characters of its uid tell it from others."""
    return f"{server}-backup-{run_id(uid)}"


def last_backup(server: str, uid: str) -> str:
    """The AuthlyBackup that is made before a server and its data are deleted."""
    return f"{server}-last-{run_id(uid)}"


def restore_run(server: str, uid: str) -> str:
    """The Job of an AuthlyRestore."""
    return f"{server}-restore-{run_id(uid)}"


def run_id(uid: str) -> str:
    """What tells the databases and Jobs of one AuthlyBackup or AuthlyRestore from others."""
    return uid.replace("-", "")[:8]


def verification(server: str) -> str:
    """The CronJob that restores the youngest backup to see that it can be."""
    return f"{server}-verify"


def maintenance(server: str) -> str:
    """The CronJob that sweeps expired rows."""
    return f"{server}-maintenance"


def migrations(server: str) -> str:
    """What the names of all migration Jobs begin with."""
    return f"{server}-migrate-"


def migration(server: str, image: str, given: str) -> str:
    """The migration Job of one image with what it is given: database, passwords, extensions.

    The name tells one from another, so that the Job of today's image is never taken for that of
    yesterday's: eight hexadecimal digits of SHA-256 over both.
    """
    digest = hashlib.sha256(f"{image}\0{given}".encode()).hexdigest()
    return f"{migrations(server)}{digest[:8]}"


def role_lock(server: str, mark: str) -> str:
    """The Job that locks the former twins of the roles whose passwords have that mark."""
    return f"{server}-lock-{mark[:8]}"


def metrics(server: str) -> str:
    """The Service through which Prometheus finds the replicas; the job of their metrics."""
    return f"{server}-metrics"


def administration(server: str) -> str:
    """The Service through which administrators reach their API."""
    return f"{server}-admin"


def dashboard(server: str) -> str:
    """The ConfigMap with the dashboard."""
    return f"{server}-dashboard"


def jobs(server: str) -> str:
    """The NetworkPolicy of the Jobs."""
    return f"{server}-jobs"


def tls(server: str) -> str:
    """The Secret with the Ingress's certificate where spec.ingress.tls names none."""
    return f"{server}-tls"


def backup_prefix(server: str, namespace: str) -> str:
    """What the file names of a server's backups begin with: at most 100 characters.

    Servers of several namespaces may share one bucket, so it names both; a long namespace is cut
    and told apart by eight hexadecimal digits.
    """
    name = f"{namespace}.{server}"
    if len(name) <= MAXIMUM_BACKUP_PREFIX:
        return name
    digest = hashlib.sha256(namespace.encode()).hexdigest()[:8]
    return f"{namespace[:50]}-{digest}.{server}"


def client_id(client: str, namespace: str) -> str:
    """The client_id of an AuthlyClient where its spec names none."""
    return f"{namespace}.{client}"


def client_secret(client: str) -> str:
    """The Secret of an AuthlyClient where its secretTemplate names none."""
    return f"{client}-oauth"


def service_host(server: str, namespace: str) -> str:
    """The in-cluster host name of the server's Service."""
    return f"{server}.{namespace}.svc"


def service_url(server: str, namespace: str, port: int) -> str:
    """The in-cluster URL of the server's Service, without a trailing slash."""
    place = service_host(server, namespace)
    return f"http://{place}" if port == HTTP_PORT else f"http://{place}:{port}"


def redis(server: str) -> str:
    """The Deployment of Redis, its Service and its NetworkPolicy."""
    return f"{server}-redis"


def redis_host(server: str, namespace: str) -> str:
    """The in-cluster host name of Redis' Service."""
    return f"{redis(server)}.{namespace}.svc"


def cluster_host(cluster: str, namespace: str) -> str:
    """The in-cluster host name of the primary of a Cluster of CloudNativePG."""
    return f"{cluster}-rw.{namespace}.svc"


def cluster_application(cluster: str) -> str:
    """The Secret that CloudNativePG writes for a Cluster's owner of the data."""
    return f"{cluster}-app"


def cluster_authority(cluster: str) -> str:
    """The Secret with the certificate authority that CloudNativePG signs a Cluster's servers by."""
    return f"{cluster}-ca"


def database_host(server: str, namespace: str) -> str:
    """The in-cluster host name of the managed database's Service."""
    return f"{database(server)}.{namespace}.svc"


def database_read_host(server: str, namespace: str) -> str:
    """The in-cluster host name of the managed database's replicas."""
    return f"{database_read(server)}.{namespace}.svc"
