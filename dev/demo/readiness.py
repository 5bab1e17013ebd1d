"""Wait until the operator and everything of the example is Ready, and say what is missing."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from demo import installation, narration
from demo.failure import Failure
from demo.place import Place


INTERVAL = 1.0
SHOWN_EVENTS = 15
NAMESPACES = frozenset({"authly", "shop", installation.NAMESPACE})


@dataclass(frozen=True)
class Awaited:
    """One object, whether it is ready, and what it says of itself."""

    name: str
    ready: bool
    says: str


def wait(place: Place, seconds: float) -> list[Awaited]:
    """Wait for everything.

    Raises:
        Failure: it took longer; what there is to know was shown before.
    """
    live, deadline = narration.Live(), time.monotonic() + seconds
    while True:
        seen = observe(place)
        missing = [each for each in seen if not each.ready]
        if not missing:
            live.clear()
            return seen
        if time.monotonic() > deadline:
            live.clear()
            explain(place)
            message = f"not Ready after {seconds:.0f} s: {missing[0].name}: {missing[0].says}"
            raise Failure(message)
        live.show(
            f"{len(seen) - len(missing)} of {len(seen)}, {missing[0].name}: {missing[0].says}"
        )
        time.sleep(INTERVAL)


def observe(place: Place) -> list[Awaited]:
    """Everything that is waited for, as it is now."""
    where = ("get", "deployment", "-n", installation.NAMESPACE, installation.RELEASE)
    return [operator(place.json(*where)), *(resource(each) for each in _resources(place))]


def _resources(place: Place) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = place.json("get", "-f", str(installation.EXAMPLE))["items"]
    return [item for item in items if item["apiVersion"].startswith("authly.dev/")]


def operator(deployment: Mapping[str, Any]) -> Awaited:
    """Judge the operator's Deployment by the numbers of its present generation."""
    status, wanted = deployment.get("status", {}), deployment["spec"]["replicas"]
    current = status.get("observedGeneration", 0) >= deployment["metadata"]["generation"]
    counts = [status.get(f"{kind}Replicas", 0) for kind in ("updated", "available")]
    ready = current and counts == [wanted, wanted] and status.get("replicas", 0) == wanted
    return Awaited("the operator", ready, f"{counts[1]} of {wanted} pods available")


def resource(item: Mapping[str, Any]) -> Awaited:
    """Judge a custom resource by its own Ready condition, if it is about the present spec."""
    metadata, status = item["metadata"], item.get("status") or {}
    name = f"{item['kind']} {metadata['namespace']}/{metadata['name']}"
    current = status.get("observedGeneration") == metadata["generation"]
    found = [each for each in status.get("conditions", ()) if each["type"] == "Ready"]
    if not found or not current:
        return Awaited(name, False, "the operator has not looked at it yet")
    says = f"{found[0]['reason']}: {found[0]['message']}"
    return Awaited(name, found[0]["status"] == "True", says)


def explain(place: Place) -> None:
    """Show the conditions of everything that is not ready, and the latest events."""
    for item in _resources(place):
        if not resource(item).ready:
            narration.say(f"\n{resource(item).name}")
            for line in conditions(item):
                narration.told(line)
    narration.say("\nThe latest events")
    listed = json.loads(place.run("get", "events", "-A", "-o", "json"))["items"]
    for line in events(listed):
        narration.told(line)


def conditions(item: Mapping[str, Any]) -> list[str]:
    """A line a condition."""
    listed = (item.get("status") or {}).get("conditions", ())
    return [
        f"{each['type']:18} {each['status']:8} {each['reason']}: {each['message']}"
        for each in listed
    ]


def events(listed: list[dict[str, Any]]) -> list[str]:
    """The latest events around the example, the newest last."""
    near = [each for each in listed if each["metadata"]["namespace"] in NAMESPACES]
    ordered = sorted(near, key=_when)[-SHOWN_EVENTS:]
    return [
        f"{_when(each)[11:19]} {each['involvedObject']['kind']}/{each['involvedObject']['name']}"
        f" {each.get('reason', '')}: {' '.join((each.get('message') or '').split())}"
        for each in ordered
    ]


def _when(event: Mapping[str, Any]) -> str:
    return str(event.get("lastTimestamp") or event.get("eventTime") or "")
