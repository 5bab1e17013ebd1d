"""Servers that cannot be made: why, what is said of each, and what ends it."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.e2e import external
from tests.e2e.external import secret
from tests.e2e.instance import resource
from tests.e2e.kube import Object


SERVERS = "bad-servers"
SILENT = "silent"


@dataclass(frozen=True)
class Wrong:
    """A server that cannot be made, what is said of it, and what ends that."""

    cure: Callable[[str], list[Object]]
    """Objects to apply, from the server's name."""
    message: str
    reason: str = "ReferenceMissing"
    url: str | None = None
    """The database's URL in the Secret before; None where there is no Secret."""
    admin: str | None = None
    """The Secret that bootstrapAdmin refers to."""


def good_url(name: str) -> list[Object]:
    """The Secret as it should be."""
    return [secret(SERVERS, f"{name}-url", url=external.url(SERVERS, name))]


def administrator(_: str) -> list[Object]:
    """The Secret of the first user."""
    return [secret(SERVERS, "first-user", ADMIN_PASSWORD="a long enough passphrase")]


UNUSABLE = "key url of Secret {0} (database.external.secretRef) cannot be used: {1}"
UNREACHABLE = (
    "the operator cannot ask the database: the database at {1}:5432: {2}: check the database,"
    " spec.database.external and Secret {0}"
)
UNTIL = ": until then nothing is rolled out"
HOST = f"{external.NAME}.{SERVERS}.svc"
NOWHERE = f"nowhere.{SERVERS}.svc.cluster.local"
WRONG = {
    "no-secret": Wrong(
        good_url,
        "key url of Secret no-secret-url (database.external.secretRef) does not exist or is empty"
        + UNTIL,
    ),
    "no-url": Wrong(
        good_url,
        UNUSABLE.format("no-url-url", "it must be postgresql://user:password@host:port/name")
        + UNTIL,
        url=f"{HOST}/no-url",
    ),
    "wrong-password": Wrong(
        good_url,
        UNREACHABLE.format(
            "wrong-password-url",
            HOST,
            'password authentication failed for user "postgres"; check the user and the password',
        ),
        "DatabaseUnreachable",
        url=external.url(SERVERS, "wrong-password", password="of-another"),
    ),
    "no-host": Wrong(
        good_url,
        UNREACHABLE.format(
            "no-host-url",
            NOWHERE,
            f"failed to resolve host '{NOWHERE}': [Errno -2] Name or service not"
            " known; check the host's name",
        ),
        "DatabaseUnreachable",
        url=external.url(SERVERS, "no-host", host=NOWHERE),
    ),
    "no-answer": Wrong(
        good_url,
        UNREACHABLE.format(
            "no-answer-url",
            f"{SILENT}.{SERVERS}.svc",
            "no answer in time; check that it runs, and that the network lets through",
        ),
        "DatabaseUnreachable",
        url=external.url(SERVERS, "no-answer", host=f"{SILENT}.{SERVERS}.svc"),
    ),
    "no-admin": Wrong(
        administrator,
        "key ADMIN_PASSWORD of Secret first-user (bootstrapAdmin.secretRef) does not exist or is"
        " empty" + UNTIL,
        url=external.url(SERVERS, "no-admin"),
        admin="first-user",
    ),
}


def silent() -> list[Object]:
    """A pod that takes connections and says nothing, and its Service."""
    labels = {"app": SILENT}
    program = (
        "import socket, time; s = socket.create_server(('', 5432), backlog=64); time.sleep(900)"
    )
    container = {
        "name": SILENT,
        "image": "docker.io/authly/server:0.1.0",
        "command": ["python", "-c", program],
    }
    metadata = {"name": SILENT, "namespace": SERVERS, "labels": labels}
    spec = {"containers": [container], "terminationGracePeriodSeconds": 1}
    service = {"selector": labels, "ports": [{"port": 5432}]}
    return [
        {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec},
        {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": service},
    ]


def server(name: str, wrong: Wrong) -> list[Object]:
    """The AuthlyServer, and the Secret with its database's URL where there is one."""
    spec = {
        "issuer": f"https://{name}.example",
        "replicas": 0,
        "database": {"external": {"secretRef": {"name": f"{name}-url", "key": "url"}}},
        **({"bootstrapAdmin": {"secretRef": {"name": wrong.admin}}} if wrong.admin else {}),
    }
    secrets = [secret(SERVERS, f"{name}-url", url=wrong.url)] if wrong.url else []
    return [*secrets, resource("AuthlyServer", name, SERVERS, spec)]
