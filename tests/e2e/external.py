"""A PostgreSQL 15 that no operator runs: a plain pod, its Service, and URLs of its databases."""

from tests.e2e.kube import Kube, Object


IMAGE = "docker.io/library/postgres:15"
NAME = "elsewhere"
PASSWORD = "not a+pass/word%"  # must be quoted in URLs
QUOTED = "not%20a%2Bpass%2Fword%25"


def manifests(namespace: str) -> list[Object]:
    """The pod and its Service."""
    labels = {"app": NAME}
    metadata = {"name": NAME, "namespace": namespace, "labels": labels}
    container = {
        "name": "postgres",
        "image": IMAGE,
        "env": [{"name": "POSTGRES_PASSWORD", "value": PASSWORD}],
        "readinessProbe": {
            "exec": {"command": ["pg_isready", "-h", "127.0.0.1"]},
            "periodSeconds": 1,
        },
    }
    return [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": metadata,
            "spec": {"containers": [container], "terminationGracePeriodSeconds": 1},
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata,
            "spec": {"selector": labels, "ports": [{"port": 5432}]},
        },
    ]


def wait_until_ready(kube: Kube, namespace: str) -> None:
    """Wait until it accepts connections."""
    kube.run("wait", "--for=condition=Ready", f"pod/{NAME}", "-n", namespace, "--timeout=90s")


def url(namespace: str, database: str, password: str = QUOTED, host: str = "") -> str:
    """The superuser's URL of a database there; the password as it stands in URLs."""
    return f"postgresql://postgres:{password}@{host or f'{NAME}.{namespace}.svc'}:5432/{database}"


def secret(namespace: str, name: str, **data: str) -> Object:
    """A Secret."""
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data}


def psql(kube: Kube, namespace: str, database: str, statement: str, pod: str = NAME) -> str:
    """What psql answers to the superuser, without headers and blanks."""
    argv = ("psql", "-X", "-U", "postgres", "-d", database, "-v", "ON_ERROR_STOP=1", "-tAc")
    return kube.run("exec", pod, "-n", namespace, "--", *argv, statement).strip()
