"""One server and many clients in twenty namespaces: created, edited, left alone, deleted."""

import time
from collections.abc import Iterator

from tests.e2e import instance as instances
from tests.e2e.instance import Instance
from tests.e2e.kube import Kube
from tests.e2e.stillness import counters, differences

from bench.fleet import crowd, operator_pod, requests, stillness
from bench.fleet.crowd import Crowd, Object
from bench.fleet.report import tell


NAMESPACES = 20
SERVER = "fleet"
PATIENCE = 600.0
REST_SECONDS = 60.0


def measure(kube: Kube, how_many: int) -> None:
    """Print what each step took."""
    tell(f"\n{how_many} clients in {NAMESPACES} namespaces, for one server")
    places = [f"team-{number}" for number in range(NAMESPACES)]
    kube.apply(*(_namespace(place) for place in places))
    with instances.running(kube, SERVER) as instance:
        instance.change({"allowedClients": {"namespaces": {"from": "All"}}})
        kube.wait_ready(SERVER)
        crowded = Crowd(kube, "AuthlyClient")
        own = len(crowded.all())
        _live(kube, instance, crowded, own + how_many, list(_clients(places, how_many)))


def _live(
    kube: Kube, instance: Instance, crowded: Crowd, total: int, manifests: list[Object]
) -> None:
    operator = operator_pod.find(kube)
    ready = crowd.all_ready(total)
    started, cpu = time.monotonic(), operator.milliseconds()
    crowded.create(manifests)
    tell(f"written within {time.monotonic() - started:.1f} s")
    _told("all Ready", crowded.wait_until(ready, started, PATIENCE), operator, cpu)
    started, cpu = time.monotonic(), operator.milliseconds()
    crowded.edit({"displayName": "Edited"})
    _told("edited, all Ready", crowded.wait_until(ready, started, PATIENCE), operator, cpu)
    operator.wait_until_it_rests(started, PATIENCE)
    rows = counters(instance)
    rest = stillness.watch(kube, operator, REST_SECONDS)
    tell(str(rest))
    tell(f"rows written meanwhile: {'none' if counters(instance) == rows else 'some'}")
    _restart(kube, total, rest)
    operator = operator_pod.find(kube)
    started, cpu = time.monotonic(), operator.milliseconds()
    crowded.delete()
    _told("all deleted", crowded.wait_until(crowd.none_left, started, PATIENCE), operator, cpu)


def _restart(kube: Kube, total: int, rest: stillness.Rest) -> None:
    """A new process looks at everything once; what others ask in that time is taken out."""
    before, asked = stillness.children(kube), requests.answered(kube)
    operator, killed = operator_pod.restart(kube)
    seconds = operator.wait_until_it_rests(killed, PATIENCE)
    lasted = time.monotonic() - killed
    each = (requests.answered(kube) - asked - rest.requests * lasted) / total
    changes = differences(before, stillness.children(kube))
    tell(
        f"operator started again: at rest after {seconds:.1f} s, {each:.1f} requests a client,"
        f" {operator.milliseconds() / 1000:.1f} s of processor time, {operator.megabytes():.0f} MB;"
        f" objects written: {', '.join(changes) or 'none'}"
    )


def _told(what: str, seconds: float, operator: operator_pod.OperatorPod, cpu: float) -> None:
    used = (operator.milliseconds() - cpu) / 1000
    tell(
        f"{what} after {seconds:.1f} s; operator: {used:.1f} s of processor time,"
        f" {operator.megabytes():.0f} MB"
    )


def _namespace(name: str) -> Object:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def _clients(places: list[str], how_many: int) -> Iterator[Object]:
    spec = {
        "serverRef": {"name": "main", "namespace": SERVER},
        "grantTypes": ["client_credentials"],
        "scopes": ["orders:read"],
    }
    for number in range(how_many):
        place = places[number % len(places)]
        yield instances.resource("AuthlyClient", f"client-{number}", place, spec)
