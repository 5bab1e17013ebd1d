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
ALONE = 3
SMALL = {"requests": {"cpu": "5m", "memory": "32Mi"}, "limits": {"memory": "512Mi"}}
HEAD = "| what | measured | aim |\n|---|---|---|"


def measure(kube: Kube, how_many: int, rest_seconds: float) -> None:
    """Print a table, each line as soon as it is known."""
    servers = Crowd(kube, "AuthlyServer")
    tell(f"\n{how_many} AuthlyServers side by side, each with a database of its own\n\n{HEAD}")
    _one_by_one(kube, servers)
    places = [f"server-{number}" for number in range(how_many)]
    kube.apply(*(_namespace(place) for place in places))
    _together(kube, servers, places)
    _at_rest(kube, servers, how_many, rest_seconds)
    _started_again(kube)
    for place in places:
        kube.run("delete", "namespace", place, "--wait=false")


def _one_by_one(kube: Kube, servers: Crowd) -> None:
    """From apply to Ready, images present, on a node that does nothing else."""
    taken = []
    for number in range(ALONE):
        place = f"alone-{number}"
        kube.apply(_namespace(place))
        started = time.monotonic()
        servers.create([_server(place)])
        taken.append(servers.wait_until(crowd.all_ready(1), started, PATIENCE))
        kube.run("delete", "namespace", place)
    _line("one, from apply to Ready, images present", f"{median(taken):.1f} s", "30 s")


def _together(kube: Kube, servers: Crowd, places: list[str]) -> None:
    operator = operator_pod.find(kube)
    started, cpu = time.monotonic(), operator.milliseconds()
    servers.create(_server(place) for place in places)
    seconds = servers.wait_until(crowd.all_ready(len(places)), started, PATIENCE)
    used = (operator.milliseconds() - cpu) / 1000
    _line(f"{len(places)} at once, all Ready", f"{seconds:.0f} s ({used:.1f} s of CPU)", "-")
    operator.wait_until_it_rests(started, PATIENCE)


def _at_rest(kube: Kube, servers: Crowd, how_many: int, seconds: float) -> None:
    rest = stillness.watch(kube, operator_pod.find(kube), seconds)
    still = sum(map(is_ready, servers.all()))
    _line(f"Ready after {rest.seconds:.0f} s at rest", f"{still} of {how_many}", "all")
    _line("written meanwhile, but for Leases", ", ".join(rest.changes) or "nothing", "nothing")
    _line("operator's CPU meanwhile", f"{rest.cpu:.2f} % of a core", "1 %")
    _line("operator's memory", f"{rest.megabytes:.0f} MB", "150 MB")


def _started_again(kube: Kube) -> None:
    before = stillness.children(kube)
    operator, killed = operator_pod.restart(kube)
    seconds = operator.wait_until_it_rests(killed, PATIENCE)
    changes = differences(before, stillness.children(kube))
    used = operator.milliseconds() / 1000
    _line("operator's pod deleted: at rest again", f"{seconds:.1f} s ({used:.1f} s of CPU)", "20 s")
    _line("written by the new one", ", ".join(changes) or "nothing", "nothing")


def _line(what: str, measured: str, aim: str) -> None:
    tell(f"| {what} | {measured} | {aim} |")


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
