"""What is decided at a cluster's first start and holds until it is down: its form, its ports."""

import dataclasses
import json

from cluster import layout, ports, refusal


@dataclasses.dataclass(frozen=True)
class Settings:
    """The form (only a control plane, or a whole node) and the ports on the host's loopback.

    `api_port` is where the host reaches the API server in both forms; the other ports are used by
    the bare control plane only.
    """

    control_plane: bool
    api_port: int
    etcd_port: int
    peer_port: int
    manager_port: int


def find(place: layout.Layout) -> Settings | None:
    """The settings of a cluster that was started, or None."""
    try:
        return Settings(**json.loads(place.settings.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def get(place: layout.Layout) -> Settings:
    """The settings of a cluster that was started.

    Raises:
        refusal.Refusal: it was not.
    """
    found = find(place)
    if found is None:
        start = f"python3 dev/cluster up --name {place.name}"
        message = f"cluster {place.name} is not up; start it with: {start}"
        raise refusal.Refusal(message)
    return found


def get_node(place: layout.Layout) -> Settings:
    """The settings of a cluster that has a node.

    Raises:
        refusal.Refusal: it was not started, or is only a control plane.
    """
    found = get(place)
    if found.control_plane:
        message = f"cluster {place.name} is only a control plane; it has no node"
        raise refusal.Refusal(message)
    return found


def decide(place: layout.Layout, *, control_plane: bool) -> Settings:
    """The settings of the cluster: those of its first start, or new ones, which are written down.

    Raises:
        refusal.Refusal: the cluster is up in the other form.
    """
    found = find(place)
    if found is None:
        chosen = Settings(control_plane, *ports.find_free(place.identity, 4))
        place.root.mkdir(parents=True, exist_ok=True)
        place.settings.write_text(json.dumps(dataclasses.asdict(chosen)))
        return chosen
    if found.control_plane != control_plane:
        form = "only a control plane" if found.control_plane else "a whole node"
        end = f"python3 dev/cluster down --name {place.name}"
        message = f"cluster {place.name} is up as {form}; take it down first: {end}"
        raise refusal.Refusal(message)
    return found
