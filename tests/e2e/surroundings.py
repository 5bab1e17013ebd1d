"""What is around an instance: its pods when they rest, and the operator when it is gone."""

import contextlib
from collections.abc import Iterator

import httpx
from tests.e2e import kube as kubes
from tests.e2e.instance import Application, Instance
from tests.e2e.kube import SYSTEM, Kube, Object


OPERATOR = "deployment/authly-operator"


def steady_pods(instance: Instance, how_many: int) -> list[Object]:
    """The server's pods, once there are as many as that and none comes or leaves."""

    def rests() -> bool:
        pods = instance.pods()
        leaving = [pod for pod in pods if "deletionTimestamp" in pod["metadata"]]
        return len(pods) == how_many and not leaving

    instance.kube.wait_until("the pods to rest", rests, namespace=instance.namespace)
    return instance.pods()


def wait_rolled_out(instance: Instance, replicas: int) -> None:
    """Wait until pods of the present spec serve, and no others are left."""
    place = "authlyserver", instance.name, instance.namespace
    instance.kube.wait_for(*place, _is_rolled_out, seconds=180)
    instance.kube.wait_until(
        "the old pods' end",
        lambda: len(instance.pods()) == replicas,
        90,
        namespace=instance.namespace,
    )


def _is_rolled_out(server: Object) -> bool:
    progressing = kubes.condition(server, "Progressing")
    return kubes.is_ready(server) and progressing["reason"] == "RolledOut"


@contextlib.contextmanager
def without_operator(kube: Kube) -> Iterator[None]:
    """Nobody reconciles in the block."""
    kube.run("scale", OPERATOR, "-n", SYSTEM, "--replicas=0")
    chosen = "app.kubernetes.io/name=authly-operator"
    try:
        kube.run("wait", "--for=delete", "pod", "-l", chosen, "-n", SYSTEM, "--timeout=60s")
        yield
    finally:
        kube.run("scale", OPERATOR, "-n", SYSTEM, "--replicas=1")
        kube.run("rollout", "status", OPERATOR, "-n", SYSTEM, "--timeout=60s")


def gets_a_token(instance: Instance, client: Application, **form: str) -> bool:
    """Whether the token endpoint gives the client a token, client_credentials by default."""
    try:
        answer = instance.post("/token", client, **({"grant_type": "client_credentials"} | form))
    except httpx.TransportError:
        return False
    return answer.status_code == httpx.codes.OK
