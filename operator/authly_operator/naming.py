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


class Reason(StrEnum):
    """Why a condition is as it is: one word for programs and alerts; the message is for people."""

    READY = "Ready"
    """Everything that is needed was observed."""
    INVALID_SPEC = "InvalidSpec"
    """The resource cannot be read as its kind; nothing is done until it is corrected."""
    APPLY_FAILED = "ApplyFailed"
    """The API server refused a write of the operator, or an object belongs to somebody else."""
    REFERENCE_MISSING = "ReferenceMissing"
    """A Secret or key that the spec refers to is absent or of no use; nothing is made up for it."""
    DELETING = "Deleting"
    """The resource is being deleted."""
    PAUSED = "Paused"
    """The operator changes nothing: spec.paused, or the annotation authly.dev/reconcile."""
    NOT_PAUSED = "NotPaused"
    """The operator brings the objects to what the spec says."""

    DATABASE_ANSWERS = "DatabaseAnswers"
    """The operator asked the database and it answered."""
    ACCEPTS_CONNECTIONS = "AcceptsConnections"
    """The database accepts connections, and is not migrated yet."""
    DATABASE_NOT_CREATED = "DatabaseNotCreated"
    """The StatefulSet of the managed database does not exist yet."""
    DATABASE_STARTING = "DatabaseStarting"
    """The managed database exists and is not ready yet."""
    DATABASE_UNREACHABLE = "DatabaseUnreachable"
    """The database refused the operator, or did not answer."""
    WAITING_FOR_DATABASE = "WaitingForDatabase"
    """The migration starts when the database is ready."""
    NOT_PROBED = "NotProbed"
    """Nobody asked in this pass, so nothing is claimed."""

    IMAGE_PULL_BACK_OFF = "ImagePullBackOff"
    """An image cannot be pulled: wrong name, no such tag, or no access to the registry."""
    CRASH_LOOP_BACK_OFF = "CrashLoopBackOff"
    """A container starts and ends again with an error."""
    UNSCHEDULABLE = "Unschedulable"
    """No node takes the pod: too little CPU or memory, taints, or affinity."""
    VOLUME_UNBOUND = "VolumeUnbound"
    """The pod waits for a PersistentVolumeClaim that no volume is bound to."""
    CONTAINER_NOT_RUNNING = "ContainerNotRunning"
    """A container cannot be started, for example for want of a Secret that it reads."""

    MIGRATED = "Migrated"
    """The migration Job of the wanted image succeeded."""
    MIGRATION_PENDING = "MigrationPending"
    """The migration Job does not exist yet."""
    MIGRATION_RUNNING = "MigrationRunning"
    """The migration Job runs."""
    MIGRATION_RETRYING = "MigrationRetrying"
    """A pod of the migration Job failed, and the Job tries again."""
    MIGRATION_FAILED = "MigrationFailed"
    """The migration Job gave up; the servers of before go on serving."""

    KEY_RING_ACTIVE = "KeyRingActive"
    """The key ring has exactly one Active key of the wanted algorithm and of RS256."""
    SHARED_SECRET = "SharedSecret"  # noqa: S105 - the name of a reason
    """HS256: tokens are signed with a shared secret and no key is published."""
    SIGNING_KEYS_MISSING = "SigningKeysMissing"
    """There is no Active key of the wanted algorithm, or of RS256, yet."""
    SIGNING_KEYS_MALFORMED = "SigningKeysMalformed"
    """The Secret holds something else than a key ring."""

    REPLICAS_AVAILABLE = "ReplicasAvailable"
    """As many replicas are available as the spec wants."""
    REPLICAS_UNAVAILABLE = "ReplicasUnavailable"
    """Fewer replicas are available than the spec wants."""
    SCALED_TO_ZERO = "ScaledToZero"
    """spec.replicas is 0: nothing serves, as wished."""
    NOT_DEPLOYED = "NotDeployed"
    """The Deployment does not exist yet."""

    ISSUER_ANSWERS = "IssuerAnswers"
    """The discovery document answers and names the issuer of the spec."""
    ENDPOINT_UNREACHABLE = "EndpointUnreachable"
    """The discovery document does not answer."""
    ISSUER_MISMATCH = "IssuerMismatch"
    """The discovery document names another issuer than the spec; clients would refuse it."""

    ROLLED_OUT = "RolledOut"
    """The Deployment is at the wanted image and settings."""
    ROLLING_OUT = "RollingOut"
    """Pods are being replaced."""
    REPLICA_FAILURE = "ReplicaFailure"
    """The API server refuses pods of the Deployment, for example for a quota."""
    PROGRESS_DEADLINE_EXCEEDED = "ProgressDeadlineExceeded"
    """The roll-out made no progress for as long as the Deployment allows."""

    SERVER_FOUND = "ServerFound"
    """The AuthlyServer that serverRef names exists."""
    SERVER_NOT_FOUND = "ServerNotFound"
    """There is no AuthlyServer of serverRef's name and namespace, or its spec is invalid."""
    NAMESPACE_ADMITTED = "NamespaceAdmitted"
    """The server's spec.allowedClients admits the namespace."""
    NAMESPACE_NOT_ADMITTED = "NamespaceNotAdmitted"
    """The server's spec.allowedClients does not admit the namespace; nothing is registered."""
    WAITING_FOR_SERVER = "WaitingForServer"
    """The server is not ready; it goes on by itself when it is."""
    REGISTERED = "Registered"
    """The server's database holds what the spec says."""
    NOT_REGISTERED = "NotRegistered"
    """The server's database does not hold it yet."""
    DEREGISTERED = "Deregistered"
    """The registration was removed from the server's database."""
    CONFLICT = "Conflict"
    """Another resource owns the client_id or the scope's name; nothing was changed."""
    INVALID_REGISTRATION = "InvalidRegistration"
    """The server's database refused the registration as invalid."""
    UNKNOWN_SCOPES = "UnknownScopes"
    """The client asks for scopes that are not registered with the server."""
    SCOPES_FOUND = "ScopesFound"
    """Every scope of the client is registered with the server."""
    IN_USE = "InUse"
    """The scope is not deleted while clients may ask for it."""
    DATABASE_ERROR = "DatabaseError"
    """The server's database could not be asked."""

    SECRET_WRITTEN = "SecretWritten"  # noqa: S105 - the name of a reason
    """The Secret holds the current credentials and endpoints."""
    SECRET_NOT_WRITTEN = "SecretNotWritten"  # noqa: S105 - the name of a reason
    """The Secret for the client's pods does not exist yet."""
    SECRET_OUTDATED = "SecretOutdated"  # noqa: S105 - the name of a reason
    """The Secret holds other values than the current ones."""
    SECRET_NOT_REGISTERED = "SecretNotRegistered"  # noqa: S105 - the name of a reason
    """The server does not know the client secret that the Secret holds."""
    SECRET_TAKEN = "SecretTaken"  # noqa: S105 - the name of a reason
    """A Secret of that name belongs to somebody else and is left alone."""
    SECRET_NOT_FOUND = "SecretNotFound"  # noqa: S105 - the name of a reason
    """The Secret that auth.secret.ref names does not exist."""
    SECRET_KEY_NOT_FOUND = "SecretKeyNotFound"  # noqa: S105 - the name of a reason
    """The Secret that auth.secret.ref names lacks the key, or the key is empty."""


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


def database_host(server: str, namespace: str) -> str:
    """The in-cluster host name of the managed database's Service."""
    return f"{database(server)}.{namespace}.svc"
