"""The operator as something that fails, is watched, and keeps secrets."""

import base64
import json
import logging
import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.e2e import instance as instances, kube as kubes
from tests.e2e.instance import Instance
from tests.e2e.kube import SYSTEM, Kube, Object


NAME = "authly-operator"
LEASE = "leases.coordination.k8s.io"
LONGEST_TAKEOVER = 20.0
LONGEST_HANDOVER = 10.0
SHORTEST_SECRET = 12
PUBLIC = re.compile(
    r"client_id|issuer|internal_issuer_url|jwks_uri|.*_endpoint|ADMIN_EMAIL|kid|alg|state|"
    r"use|kty|crv|(published|active|retire)At"
)
"""Keys of Secrets, and members of a key ring, that are no secrets."""
CHILDREN = "deployments,statefulsets,services,secrets,configmaps,serviceaccounts,jobs,cronjobs"
MORE_CHILDREN = "networkpolicies,poddisruptionbudgets,persistentvolumeclaims,pods"
log = logging.getLogger(__name__)


def operators(kube: Kube) -> list[str]:
    """The names of the operator's pods that are not leaving."""
    pods = kube.select("pods", SYSTEM, f"app.kubernetes.io/name={NAME}")
    return kubes.names(pod for pod in pods if "deletionTimestamp" not in pod["metadata"])


def ask(kube: Kube, pod: str, port: int, path: str) -> str:
    """What a pod answers, asked through the API server."""
    return kube.run("get", "--raw", f"/api/v1/namespaces/{SYSTEM}/pods/{pod}:{port}/proxy{path}")


def metric(kube: Kube, pod: str, series: str) -> float:
    """A time series of a pod; 0 where there is none, or nobody who answers yet."""
    exposition = kube.run(
        "get",
        "--raw",
        f"/api/v1/namespaces/{SYSTEM}/pods/{pod}:9000/proxy/metrics",
    )
    found = re.search(rf"^{re.escape(series)} (\S+)$", exposition, re.MULTILINE)
    return float(found[1]) if found else 0.0


def holder(kube: Kube) -> str:
    """Who holds the Lease, as POD_NUMBER; empty after it was given up."""
    return str(kube.get(LEASE, NAME, SYSTEM)["spec"].get("holderIdentity") or "")


def pod_of(identity: str) -> str:
    """The pod of a holder."""
    return identity.rpartition("_")[0]


def wait_leader(kube: Kube, other_than: str = "", seconds: float = 60) -> float:
    """How long it took until somebody leads who is not that one."""
    return kube.wait_until("another leader", lambda: holder(kube) not in {"", other_than}, seconds)


def kill(kube: Kube, pod: str) -> None:
    """SIGKILL, as the kernel sends it when memory is short: nobody is told before."""
    (status,) = kube.get("pod", pod, SYSTEM)["status"]["containerStatuses"]
    container = status["containerID"].removeprefix("containerd://")
    groups = [group for group in Path("/proc").glob("[0-9]*/cgroup") if container in _read(group)]
    assert groups, f"no process of {pod}"
    for group in groups:
        os.kill(int(group.parent.name), signal.SIGKILL)


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # the process has just ended
        return ""


def wait_operators(kube: Kube, how_many: int) -> None:
    """Wait until so many pods run and no others are left."""
    kube.run("rollout", "status", f"deployment/{NAME}", "-n", SYSTEM, "--timeout=90s")
    kube.wait_until("the operator's pods", lambda: len(operators(kube)) == how_many, 60)


def children(instance: Instance) -> dict[str, str]:
    """The resourceVersion of everything of the instance, by kind and name."""
    kinds = f"{CHILDREN},{MORE_CHILDREN},{kubes.RESOURCES}"
    return {
        f"{each['kind']}/{each['metadata']['name']}": each["metadata"]["resourceVersion"]
        for each in instance.kube.select(kinds, instance.namespace)
    }


def has_looked_around(kube: Kube, pod: str) -> bool:
    """Whether the pod has reconciled every kind since it leads."""
    return all(
        metric(kube, pod, f'authly_operator_reconciles_total{{kind="{kind}",outcome="done"}}') > 0
        for kind in ("AuthlyServer", "AuthlyScope", "AuthlyClient")
    )


@pytest.fixture
def two_operators(kube: Kube) -> Iterator[None]:
    """A second pod stands by."""
    kube.run("scale", f"deployment/{NAME}", "-n", SYSTEM, "--replicas=2")
    wait_operators(kube, 2)
    wait_leader(kube)
    yield
    kube.run("scale", f"deployment/{NAME}", "-n", SYSTEM, "--replicas=1")
    wait_operators(kube, 1)


def test_an_operator_that_was_killed_changes_nothing_when_it_is_back(
    kube: Kube, instance: Instance
) -> None:
    kube.wait_until("every pod's rest", lambda: len(instance.pods()) == 1)
    counted = {"total": 2, "ready": 2}  # some seconds after the clients are Ready themselves
    kube.wait_until("its clients", lambda: instance.server["status"]["clients"] == counted, 60)
    before, killed = children(instance), holder(kube)
    kill(kube, pod_of(killed))
    wait_leader(kube, other_than=killed)
    pod = pod_of(holder(kube))
    kube.wait_until("a look around", lambda: has_looked_around(kube, pod), 60)
    assert children(instance) == before


def test_an_operator_whose_pod_was_deleted_changes_nothing_either(
    kube: Kube, instance: Instance
) -> None:
    before, deleted = children(instance), holder(kube)
    kube.delete("pod", pod_of(deleted), SYSTEM, "--force", "--grace-period=0")
    wait_leader(kube, other_than=deleted)
    wait_operators(kube, 1)
    (pod,) = operators(kube)
    kube.wait_until("a look around", lambda: has_looked_around(kube, pod), 60)
    assert children(instance) == before


def test_the_probe_and_the_metrics_are_served(kube: Kube) -> None:
    (pod,) = operators(kube)
    assert ask(kube, pod, 8080, "/healthz") == "ok\n"
    wait_leader(kube)
    assert metric(kube, pod, "authly_operator_leader") == 1.0
    assert metric(kube, pod, "authly_operator_queue_age_seconds") < 60


def test_of_two_operators_one_leads(kube: Kube, two_operators: None) -> None:
    leading = {pod: metric(kube, pod, "authly_operator_leader") for pod in operators(kube)}
    assert sorted(leading.values()) == [0.0, 1.0]
    assert leading[pod_of(holder(kube))] == 1.0


def test_another_takes_over_when_the_leader_is_killed(kube: Kube, two_operators: None) -> None:
    killed, started = holder(kube), time.monotonic()
    kill(kube, pod_of(killed))
    wait_leader(kube, other_than=killed)
    took = time.monotonic() - started
    log.info("another leads %.1f s after the leader was killed", took)
    assert took <= LONGEST_TAKEOVER


def test_a_leader_that_stops_hands_over_at_once(kube: Kube, two_operators: None) -> None:
    stopped, started = holder(kube), time.monotonic()
    kube.delete("pod", pod_of(stopped), SYSTEM, "--wait=false")
    wait_leader(kube, other_than=stopped)
    assert pod_of(holder(kube)) != pod_of(stopped)
    took = time.monotonic() - started
    log.info("the other leads %.1f s after the leader was stopped", took)
    assert took <= LONGEST_HANDOVER


def secrets_of(name: str, text: str) -> set[str]:
    """The secrets in one value of a Secret: of a URL its password, of a key ring its keys."""
    if text.startswith("{"):
        return _of_document(json.loads(text))
    if "://" in text:
        password = re.search(r"://[^:/@]*:([^@]+)@", text)
        return {password[1]} if password else set()
    lines = {line for line in text.splitlines() if line and not line.startswith("-----")}
    return set() if PUBLIC.fullmatch(name) else lines


def _of_document(document: dict[str, Any]) -> set[str]:
    members = (pair for key in document["keys"] for pair in key.items())
    return {secret for name, text in members for secret in secrets_of(name, str(text))}


@pytest.fixture
def canaries(instance: Instance) -> set[str]:
    """Everything that nobody may read anywhere, also as base64, after it was all in use."""
    tokens, machine = instance.sign_in(), instance.token()
    again = instance.refresh(tokens["refresh_token"])
    found = {
        each[name]
        for each in (tokens, machine, again)
        for name in ("access_token", "refresh_token")
        if name in each
    }
    for each in instance.kube.select("secrets", instance.namespace):
        for name, encoded in each["data"].items():
            text = base64.b64decode(encoded).decode()
            found |= secrets_of(name, text)
            found |= {encoded} if not PUBLIC.fullmatch(name) else set()
    return {each for each in found if len(each) >= SHORTEST_SECRET}


def readable(instance: Instance) -> dict[str, str]:
    """Everything that people without access to Secrets can read: logs, events, other objects."""
    kube, places = instance.kube, (instance.namespace, SYSTEM)

    def rest() -> bool:
        pods = (pod for place in places for pod in kube.select("pods", place))
        return not any("deletionTimestamp" in pod["metadata"] for pod in pods)

    # The log of a pod that other tests ended is gone before it is read.
    kube.wait_until("the end of other pods", rest)
    told = {
        f"log of {pod['metadata']['name']}": kube.logs(pod["metadata"]["name"], place)
        for place in places
        for pod in kube.select("pods", place)
    }
    for kind in (CHILDREN.replace("secrets,", ""), MORE_CHILDREN, kubes.RESOURCES, "events"):
        for each in (each for place in places for each in kube.select(kind, place)):
            told[f"{each['kind']} {each['metadata']['name']}"] = json.dumps(each)
    for each in kube.select("secrets", instance.namespace):
        told[f"metadata of Secret {each['metadata']['name']}"] = json.dumps(each["metadata"])
    return told


def test_no_secret_is_ever_seen_outside_of_a_secret(instance: Instance, canaries: set[str]) -> None:
    told = readable(instance)
    assert len(canaries) >= 20
    assert len(told) >= 20
    assert any(name.startswith("log of authly-operator") for name in told)
    leaks = [name for name, text in told.items() if any(each in text for each in canaries)]
    assert leaks == []


def test_the_search_for_secrets_would_find_one(instance: Instance, canaries: set[str]) -> None:
    secret = instance.machine.client_secret
    assert secret in canaries
    note = instances.resource("AuthlyScope", "note", instance.namespace, {})
    note |= {"apiVersion": "v1", "kind": "ConfigMap", "data": {"note": secret}}
    del note["spec"]
    instance.kube.apply(note)
    told = readable(instance)
    instance.kube.delete("configmap", "note", instance.namespace)
    leaks = [name for name, text in told.items() if any(each in text for each in canaries)]
    assert leaks == ["ConfigMap note"]


def test_the_operator_may_do_all_that_it_does(kube: Kube, instance: Instance) -> None:
    log = kube.operator_log()
    assert "waiting_for_lease" in log
    assert [line for line in log.splitlines() if "cannot" in line and "resource" in line] == []


def is_error(line: str) -> bool:
    """Whether a log line tells of a defect."""
    told: Object = json.loads(line.partition(" ")[2])
    return told["level"] in {"error", "critical"}


def test_the_operator_logs_json_and_no_errors(kube: Kube, instance: Instance) -> None:
    lines = kube.operator_log().splitlines()
    assert [line for line in lines if is_error(line)] == []
