"""Up and down: the two stories of a cluster."""

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

from cluster import (
    binaries,
    certificates,
    components,
    configuration,
    dns,
    health,
    images,
    layout,
    namespace,
    packages,
    processes,
    programs,
    progress,
    refusal,
    residue,
    settings,
    storage,
    weight,
)


DNS_READY = "http://127.0.0.1:8181/ready"
PROXY_READY = "http://127.0.0.1:10256/healthz"
NODE_PARTS = ("containerd", "kube-scheduler", "kubelet", "kube-proxy", "coredns")
ROUNDS = 5
GRACE_SECONDS = 1.0  # nothing of the cluster's data is kept, so nobody needs time to save any


def up(place: layout.Layout, *, control_plane: bool) -> None:
    """Bring the cluster up, or bring back what of it is not alive.

    Raises:
        refusal.Refusal: something is missing, or a component does not start.
    """
    began = time.monotonic()
    if not control_plane:
        _check_node_possible(place)
    packages.ensure(packages.CONTROL_PLANE if control_plane else packages.NODE)
    node = binaries.ensure(binaries.NODE)
    with _locked(place):
        chosen = settings.decide(place, control_plane=control_plane)
        certificates.ensure(place.certificates)
        configuration.write_kubeconfigs(place, chosen)
        (_start_control_plane if control_plane else _start_node)(place, node, chosen)
    progress.say(f"Cluster {place.name} is up ({time.monotonic() - began:.1f} s)")


def _check_node_possible(place: layout.Layout) -> None:
    if os.geteuid() != 0:
        message = "a node needs root; without it, there is: up --control-plane"
        raise refusal.Refusal(message)
    layout.check_sockets(place)


@contextlib.contextmanager
def _locked(place: layout.Layout) -> Iterator[None]:
    """One `up` or `down` of a cluster at a time.

    A lock file that was removed with the state while we waited for it locks nothing: once more.
    """
    path = place.root / "lock"
    while True:
        place.root.mkdir(parents=True, exist_ok=True)
        with path.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if path.exists() and path.stat().st_ino == os.fstat(file.fileno()).st_ino:
                yield
                return


def _start(place: layout.Layout, component: components.Component) -> None:
    """Start a component unless it runs; one with other flags or another binary is replaced."""
    if processes.find(place.processes, component.name, component.argv):
        return
    stale = processes.find(place.processes, component.name)
    processes.stop([stale] if stale else [], GRACE_SECONDS)
    place.logs.mkdir(exist_ok=True)
    processes.start(
        place.processes,
        component.name,
        component.argv,
        place.logs / f"{component.name}.log",
        place.root,
    )


def _wait_api(place: layout.Layout, chosen: settings.Settings, *also: str) -> None:
    def ready() -> bool:
        return health.answers(place, chosen.api_port, "/readyz")

    health.wait(place, ("etcd", "kube-apiserver", *also), "the API server", ready)


def _wait_accounts(place: layout.Layout, chosen: settings.Settings) -> None:
    """Wait for the first thing that the controllers make, without which no pod can be created."""
    path = "/api/v1/namespaces/default/serviceaccounts/default"

    def ready() -> bool:
        return health.answers(place, chosen.api_port, path)

    health.wait(place, ("kube-controller-manager",), "the controller manager", ready)


def _start_control_plane(place: layout.Layout, node: Path, chosen: settings.Settings) -> None:
    etcd, apiserver, manager = components.control_plane(place, node, components.addresses(chosen))
    _start(place, etcd)
    _start(place, apiserver)
    _wait_api(place, chosen)
    _start(place, manager)
    _wait_accounts(place, chosen)


def _start_node(place: layout.Layout, node: Path, chosen: settings.Settings) -> None:
    names = binaries.ensure(binaries.DNS)
    plugins = packages.plugins()
    if plugins is None:
        message = f"the CNI plug-ins are not installed; install {packages.CNI_PACKAGE}"
        raise refusal.Refusal(message)
    configuration.write_node(place, plugins)
    namespace.ensure(place)
    etcd, apiserver, manager = components.control_plane(place, node, components.addresses(chosen))
    for component in (components.containerd(place), etcd, apiserver):
        _start(place, components.on_node(place, component))
    _start(place, components.forwarder(place, chosen))
    _prepare_node(place)
    _wait_api(place, chosen, "containerd", "forwarder")
    agents = (
        components.kubelet(place, node),
        components.proxy(place, node),
        components.dns(place, names),
    )
    for component in (manager, components.scheduler(place, node), *agents):
        _start(place, components.on_node(place, component))
    _furnish(place, node)
    _wait_accounts(place, chosen)
    _wait_node(place, node)


def _prepare_node(place: layout.Layout) -> None:
    def ready() -> bool:
        return programs.attempt(*images.control(place), "version").returncode == 0

    storage.prepare(place.volumes)
    weight.raise_pods()
    health.wait(place, ("containerd",), "containerd", ready)
    images.ensure_pause(place)


def kubectl(place: layout.Layout, node: Path, *arguments: str, text: str | None = None) -> str:
    """Run kubectl as the cluster's administrator and return what it printed.

    Raises:
        refusal.Refusal: it failed.
    """
    return programs.run(node, "kubectl", "--kubeconfig", place.kubeconfig, *arguments, text=text)


def _furnish(place: layout.Layout, node: Path) -> None:
    """Make volumes and DNS known to the API; volumes whose claim is gone are made anew."""
    volumes = kubectl(place, node, "get", "persistentvolumes", "-o", "json")
    for name in storage.released(volumes):
        kubectl(place, node, "delete", "persistentvolume", name)
        storage.wipe(place.volumes, name)
    items = [*dns.manifests(), *storage.manifests(place.volumes, storage.kept(volumes))]
    document = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
    kubectl(place, node, "apply", "--server-side", "--force-conflicts", "-f", "-", text=document)


def _wait_node(place: layout.Layout, node: Path) -> None:
    wait = ("wait", "--for=condition=Ready", f"node/{layout.NODE}", "--timeout=5s")

    def registered() -> bool:
        command = (node, "kubectl", "--kubeconfig", place.kubeconfig, *wait)
        return programs.attempt(*command).returncode == 0

    def served() -> bool:
        return all(health.answers_inside(place, url) for url in (DNS_READY, PROXY_READY))

    health.wait(place, NODE_PARTS, "the node", registered)
    health.wait(place, NODE_PARTS, "DNS or the service proxy", served)


def down(place: layout.Layout) -> None:
    """Take the cluster down and leave nothing of it, whatever state it is in.

    Raises:
        refusal.Refusal: something cannot be removed.
    """
    began = time.monotonic()
    if os.geteuid() != 0 and residue.mounts(place.root):
        message = f"cluster {place.name} has a node; only root can take it down"
        raise refusal.Refusal(message)
    known = place.root.exists()
    with _locked(place):
        _end_processes(place)
        residue.remove(place)
    word = "is down" if known else "was not up"
    progress.say(f"Cluster {place.name} {word} ({time.monotonic() - began:.1f} s)")


def _end_processes(place: layout.Layout) -> None:
    """End the components, then whatever is in their containers, until neither is left.

    More than one round is needed where a component was about to start something.

    Raises:
        refusal.Refusal: something does not end.
    """
    names = processes.remembered(place.processes)
    found = {processes.find(place.processes, name) for name in names}
    processes.stop({pid for pid in found if pid} | processes.marked(place.root), GRACE_SECONDS)
    for _ in range(ROUNDS):
        living = processes.marked(place.root) | residue.contained(place.containerd)
        if not living:
            return
        processes.kill(living)
    message = f"cluster {place.name}: processes do not end; the state directory stays"
    raise refusal.Refusal(message)
