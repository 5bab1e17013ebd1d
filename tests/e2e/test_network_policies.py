"""NetworkPolicies on a node that enforces them: every way that is needed is open, no other is."""

from collections.abc import Iterator
from typing import Final

import pytest
from tests.e2e import (
    bucket as buckets,
    installation,
    instance as instances,
    machines,
    one_shots,
    shelf as shelves,
    strangers,
)
from tests.e2e.bucket import Bucket
from tests.e2e.instance import Application, Instance
from tests.e2e.kube import Kube, Object
from tests.e2e.surroundings import wait_rolled_out

from authly_operator import naming
from cluster import layout


PLACE: Final = "fenced"
ELSEWHERE: Final = "strangers"
WORKER: Final = "worker"
CONSOLE: Final = "console"
AUDIENCE: Final = "authly"
ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
PORTS: Final = {
    "server": 8000,
    "management": 9000,
    "database": 5432,
    "standby": 5432,
    "redis": 6379,
    "admin": 9001,
}
KUBELET: Final = 10250
OPEN_FOR_STRANGERS: Final = {"server", "management"}
SMALL: Final = {"requests": {"cpu": "5m", "memory": "32Mi"}, "limits": {"memory": "128Mi"}}


@pytest.fixture(scope="module")
def fenced(kube: Kube) -> Iterator[Instance]:
    """An instance with Redis and a replica of its database, whose policies are enforced always.

    An enforcer lets a new pod in some seconds late, and refuses it until then.
    """
    installation.load(kube, installation.build("redis"))
    with strangers.enforced(kube), instances.running(kube, PLACE) as instance:
        database = {"managed": {"replicas": 1}}
        redis = {"managed": {"resources": SMALL}}
        backup = {"suspend": True, "destination": shelves.DESTINATION}
        instance.change({"database": database, "redis": redis, "backup": backup})
        kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": ELSEWHERE}})
        for place in (PLACE, ELSEWHERE):
            kube.apply(strangers.pod(place))
            kube.run("wait", "--for=condition=Ready", f"pod/{strangers.STRANGER}", "-n", place)
        wait_rolled_out(instance, 1)
        try:
            yield instance
        finally:
            installation.clear(kube, ELSEWHERE)


def addresses(instance: Instance) -> dict[str, str]:
    """The address of a pod of each component, and of the other ports of a server."""
    found = {
        component: str(instance.pods(component)[-1]["status"]["podIP"])
        for component in ("server", "database", "standby", "redis")
    }
    return {**found, "management": found["server"], "admin": found["server"]}


def reached(instance: Instance, place: str) -> set[str]:
    """What a stranger there can connect to."""
    found = addresses(instance)
    return {
        name
        for name, port in PORTS.items()
        if strangers.reaches(instance.kube, place, strangers.STRANGER, found[name], port)
    }


def test_a_server_comes_about_and_serves_behind_its_policies(fenced: Instance) -> None:
    (former,) = fenced.pods()
    fenced.kube.delete("pod", former["metadata"]["name"], PLACE)
    rolled_out = ("rollout", "status", f"deployment/{fenced.name}", "-n", PLACE, "--timeout=120s")
    fenced.kube.run(*rolled_out)
    assert fenced.token()["token_type"] == "Bearer"
    tokens = fenced.sign_in()
    assert fenced.refresh(tokens["refresh_token"])["access_token"]
    fenced.kube.wait_for("authlyserver", fenced.name, PLACE, is_streaming)
    (pod,) = fenced.pods()
    path = f"/api/v1/namespaces/{PLACE}/pods/{pod['metadata']['name']}:9000/proxy/metrics"
    fenced.kube.wait_until(
        "a server that counts in Redis",
        lambda: "\nauthly_limits_shared 1.0\n" in fenced.kube.run("get", "--raw", path),
        30,
    )


def is_streaming(server: Object) -> bool:
    """Whether the replica of the database follows its primary."""
    replicas = server["status"].get("database", {}).get("replicas", ())
    return [replica["streaming"] for replica in replicas] == [True]


def run(instance: Instance, cronjob: str, suffix: str = "now") -> None:
    """Run one at once, in a pod that succeeds the first time."""
    kube, name = instance.kube, f"{cronjob}-{suffix}"
    kube.run("create", "job", name, f"--from=cronjob/{cronjob}", "-n", PLACE)
    done = ("--for=condition=Complete", f"job/{name}", "-n", PLACE)
    kube.run("wait", *done, "--timeout=120s")
    assert not kube.json("get", "job", name, "-n", PLACE)["status"].get("failed", 0)


def test_jobs_reach_the_database_behind_its_policies(fenced: Instance) -> None:
    fenced.kube.apply(shelves.claim(PLACE))
    for cronjob in ("main-maintenance", "main-backup"):
        run(fenced, cronjob)


@pytest.fixture(scope="module")
def bucket(fenced: Instance) -> Iterator[Bucket]:
    """An S3 server on a port that no policy opens for anything but backups."""
    with buckets.running(fenced.kube) as running:
        fenced.kube.apply(buckets.credentials(PLACE))
        yield running


def test_one_backup_reaches_a_bucket_of_its_own_and_is_verified_from_there(
    fenced: Instance, bucket: Bucket
) -> None:
    """While the others of the server go to a claim."""
    made = one_shots.back_up(fenced, "abroad", destination=bucket.destination)
    assert bucket.names[0] == one_shots.file_of(made)
    source = {"backupRef": {"name": "abroad"}}
    one_shots.ask(fenced, "AuthlyRestore", "seen", source=source, mode="Verify")
    assert one_shots.ended(fenced, "AuthlyRestore", "seen")["phase"] == "Succeeded"


def test_backups_by_schedule_reach_the_bucket_of_their_server_and_nothing_else_does(
    fenced: Instance, bucket: Bucket
) -> None:
    before = len(bucket.names)
    verify = {"schedule": "0 3 1 1 *"}
    destination = {"persistentVolumeClaim": None, **bucket.destination}
    fenced.change({"backup": {"destination": destination, "verify": verify}})
    wait_rolled_out(fenced, 1)
    for cronjob in ("main-backup", "main-verify"):
        run(fenced, cronjob, "abroad")
    assert len(bucket.names) > before
    for component in naming.Component.BACKUP, naming.Component.MAINTENANCE:
        pod = strangers.pod(PLACE, component.value, **naming.selector(fenced.name, component))
        fenced.kube.apply(pod)
        fenced.kube.run("wait", "--for=condition=Ready", f"pod/{component.value}", "-n", PLACE)
    there, elsewhere = (layout.NODE_ADDRESS, buckets.PORT), (layout.NODE_ADDRESS, KUBELET)
    assert strangers.reaches_in_time(fenced.kube, PLACE, "backup", *there)
    assert not strangers.reaches(fenced.kube, PLACE, "backup", *elsewhere)
    assert not strangers.reaches(fenced.kube, PLACE, "maintenance", *there)
    assert strangers.reaches(fenced.kube, PLACE, strangers.STRANGER, *elsewhere)


@pytest.mark.parametrize("place", [PLACE, ELSEWHERE])
def test_strangers_reach_what_is_for_everybody_and_nothing_else(
    fenced: Instance, place: str
) -> None:
    assert reached(fenced, place) == OPEN_FOR_STRANGERS


@pytest.mark.parametrize("component", ["database", "standby", "redis"])
def test_what_keeps_data_reaches_nobody(fenced: Instance, component: str) -> None:
    found, kube = addresses(fenced), fenced.kube
    name = str(fenced.pods(component)[-1]["metadata"]["name"])
    assert not strangers.reaches(kube, PLACE, name, found["server"], PORTS["server"])
    assert strangers.reaches(kube, PLACE, strangers.STRANGER, found["server"], PORTS["server"])


def test_a_pods_own_token_proves_its_client_with_nothing_set_anywhere(fenced: Instance) -> None:
    kube = fenced.kube
    for place in (PLACE, ELSEWHERE):
        kube.apply(account(place), employed(place))
        kube.run("wait", "--for=condition=Ready", f"pod/{WORKER}", "-n", place)
    proof = {"method": "ServiceAccount", "serviceAccount": {"name": WORKER, "audience": AUDIENCE}}
    kube.apply(machines.client(fenced, WORKER, auth=proof))
    ready = machines.ready(kube, "authlyclient", WORKER, PLACE)
    assert ready[0] == "True", ready
    assert "client_secret" not in kube.secret(f"{WORKER}-oauth", PLACE)
    assert asked_by(fenced, PLACE) == (200, None)
    assert asked_by(fenced, ELSEWHERE) == (401, "invalid_client")


def account(place: str) -> Object:
    """The service account of a worker there."""
    metadata = {"name": WORKER, "namespace": place}
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}


def employed(place: str) -> Object:
    """A pod of that account, with a token for the authorization server."""
    pod = strangers.pod(place)
    source = {"audience": AUDIENCE, "expirationSeconds": 600, "path": "token"}
    volume = {"name": "identity", "projected": {"sources": [{"serviceAccountToken": source}]}}
    mount = {"name": "identity", "mountPath": "/identity"}
    containers = [{**one, "volumeMounts": [mount]} for one in pod["spec"]["containers"]]
    metadata = {**pod["metadata"], "name": WORKER}
    spec = {"containers": containers, "volumes": [volume], "serviceAccountName": WORKER}
    return {**pod, "metadata": metadata, "spec": {**pod["spec"], **spec}}


def asked_by(instance: Instance, place: str) -> tuple[int, str | None]:
    """Status and error, where the worker of a namespace asks for a token by what it mounts."""
    mounted = instance.kube.run("exec", WORKER, "-n", place, "--", "cat", "/identity/token")
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION,
        "client_assertion": mounted.strip(),
    }
    answer = instance.post("/token", Application(f"{PLACE}.{WORKER}", ""), **form)
    return answer.status_code, answer.json().get("error")


def asked_for_keys(instance: Instance, place: str, token: str) -> str:
    """The status line for the stranger of a namespace who asks the administrators' API."""
    host = f"{instance.name}-admin.{PLACE}.svc"
    head = "GET /admin/v1/keys HTTP/1.1\\r\\nHost: admin\\r\\nConnection: close\\r\\n"
    script = (
        f"exec 3<>/dev/tcp/{host}/{PORTS['admin']};"
        f" printf '{head}Authorization: Bearer %s\\r\\n\\r\\n' \"$0\" >&3; head -n 1 <&3"
    )
    return strangers.shell(instance.kube, place, strangers.STRANGER, script, token).strip()


def test_administrators_come_from_their_networks_and_others_neither_by_policy_nor_by_address(
    fenced: Instance,
) -> None:
    kube = fenced.kube
    fenced.change({"security": {"adminNetworks": [strangers.address(kube, PLACE)]}})
    kube.apply(machines.client(fenced, CONSOLE, scopes=["admin"]))
    wait_rolled_out(fenced, 1)
    assert machines.ready(kube, "authlyclient", CONSOLE, PLACE)[0] == "True"
    form = {"grant_type": "client_credentials", "scope": "admin"}
    token = fenced.post("/token", fenced.application(CONSOLE), **form).json()["access_token"]
    here = addresses(fenced)["admin"], PORTS["admin"]
    assert strangers.reaches_in_time(kube, PLACE, strangers.STRANGER, *here)
    assert asked_for_keys(fenced, PLACE, token) == "HTTP/1.1 200 OK"
    assert not strangers.reaches(kube, ELSEWHERE, strangers.STRANGER, *here)
    kube.cluster.run("enforce-policies", "--off")
    try:
        assert asked_for_keys(fenced, ELSEWHERE, token) == "HTTP/1.1 403 Forbidden"
    finally:
        kube.cluster.run("enforce-policies")
    fenced.change({"security": {"adminNetworks": None}})
    wait_rolled_out(fenced, 1)
    assert kube.find("service", f"{fenced.name}-admin", PLACE) is None


def test_all_of_it_is_open_where_nobody_enforces(fenced: Instance) -> None:
    """What was closed above was closed by the policies."""
    fenced.kube.cluster.run("enforce-policies", "--off")
    try:
        assert reached(fenced, ELSEWHERE) == set(PORTS) - {"admin"}  # where nobody listens
    finally:
        fenced.kube.cluster.run("enforce-policies")
