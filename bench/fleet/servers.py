"""Many AuthlyServers side by side: Ready, left alone, their operator started again."""

import time
from statistics import median

from tests.e2e import instance as instances
from tests.e2e.kube import Kube, is_ready
from tests.e2e.stillness import differences

from bench.fleet import crowd, operator_pod, stillness
from bench.fleet.crowd import Crowd, Object
from bench.fleet.report import tell


PATIENCE = 1200.0
SMALL = {"requests": {"cpu": "5m", "memory": "32Mi"}, "limits": {"memory": "512Mi"}}


def measure(kube: Kube, how_many: int, rest_seconds: float) -> None:
    """Print what each step took."""
    servers = Crowd(kube, "AuthlyServer")
    operator = operator_pod.find(kube)
    _one_by_one(kube, servers)
    tell(f"\n{how_many} AuthlyServers side by side, each with a database of its own")
    places = [f"server-{number}" for number in range(how_many)]
    kube.apply(*(_namespace(place) for place in places))
    started, cpu = time.monotonic(), operator.milliseconds()
    servers.create(_server(place) for place in places)
    seconds = servers.wait_until(crowd.all_ready(how_many), started, PATIENCE)
    used = (operator.milliseconds() - cpu) / 1000
    tell(f"all Ready after {seconds:.0f} s; operator: {used:.1f} s of processor time")
    operator.wait_until_it_rests(started, PATIENCE)
    tell(str(stillness.watch(kube, operator, rest_seconds)))
    still = sum(map(is_ready, servers.all()))
    tell(f"Ready after that: {still} of {how_many}")
    before = stillness.children(kube)
    operator, killed = operator_pod.restart(kube)
    seconds = operator.wait_until_it_rests(killed, PATIENCE)
    changes = differences(before, stillness.children(kube))
    tell(
        f"operator started again: at rest after {seconds:.1f} s,"
        f" {operator.milliseconds() / 1000:.1f} s of processor time, {operator.megabytes():.0f} MB;"
        f" objects written: {', '.join(changes) or 'none'}"
    )
    for place in places:
        kube.run("delete", "namespace", place, "--wait=false")


def _one_by_one(kube: Kube, servers: Crowd) -> None:
    """From apply to Ready, images present, three times on a node that does nothing else."""
    taken = []
    for number in range(3):
        place = f"alone-{number}"
        kube.apply(_namespace(place))
        started = time.monotonic()
        servers.create([_server(place)])
        taken.append(servers.wait_until(crowd.all_ready(1), started, PATIENCE))
        kube.run("delete", "namespace", place)
    tell(f"one AuthlyServer, from apply to Ready: median {median(taken):.1f} s of {len(taken)}")


def _namespace(name: str) -> Object:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def _server(place: str) -> Object:
    spec = {
        "issuer": f"https://{place}.example.com",
        "replicas": 1,
        "resources": SMALL,
        "database": {"managed": {"storage": {"size": "1Gi"}, "resources": SMALL}},
    }
    return instances.resource("AuthlyServer", "main", place, spec)
