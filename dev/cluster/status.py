"""What of a cluster is alive, for a person's eyes."""

from cluster import layout, processes, settings


def report(place: layout.Layout) -> tuple[list[str], bool]:
    """Lines to show, and whether everything that was started is alive.

    Raises:
        refusal.Refusal: the cluster is not up.
    """
    chosen = settings.get(place)
    form = "control plane" if chosen.control_plane else "node"
    names = processes.remembered(place.processes)
    pids = {name: processes.find(place.processes, name) for name in names}
    lines = [f"cluster {place.name} ({form})", *(_line(name, pid) for name, pid in pids.items())]
    total = sum(processes.memory(pid) for pid in pids.values() if pid)
    lines.append(f"{'memory':24} {total >> 20} MiB")
    lines += [f"{what:24} {value}" for what, value in _places(place, chosen).items()]
    return lines, None not in pids.values()


def _line(name: str, pid: int | None) -> str:
    if pid is None:
        return f"{name:24} dead (python3 dev/cluster up brings it back)"
    return f"{name:24} pid {pid}, {processes.memory(pid) >> 20} MiB"


def _places(place: layout.Layout, chosen: settings.Settings) -> dict[str, str]:
    found = {
        "API server": f"https://127.0.0.1:{chosen.api_port}",
        "kubeconfig": str(place.kubeconfig),
        "CA certificate": str(place.authority),
        "logs": str(place.logs),
    }
    return found if chosen.control_plane else found | {"network namespace": str(place.namespace)}
