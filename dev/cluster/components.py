"""The components and their flags. Pure: from the cluster's places to command lines."""

import dataclasses
import sys
from pathlib import Path

from cluster import layout, namespace, settings


API_PORT = 6443  # inside the node's network namespace
ENFORCER = "kube-router"
ENFORCER_PORT = 20244


@dataclasses.dataclass(frozen=True)
class Component:
    """One process: its name and its command line."""

    name: str
    argv: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Addresses:
    """Where the control plane listens: on the host's loopback, or inside the node's network."""

    api: str
    api_port: int
    etcd_port: int
    peer_port: int
    manager_port: int

    @property
    def server(self) -> str:
        """The API server's URL, for the other components."""
        return f"https://{self.api}:{self.api_port}"


def addresses(chosen: settings.Settings) -> Addresses:
    """Free ports on the loopback for a control plane; the usual ones where the network is ours."""
    if not chosen.control_plane:
        return Addresses(layout.NODE_ADDRESS, API_PORT, 2379, 2380, 10257)
    return Addresses(
        "127.0.0.1", chosen.api_port, chosen.etcd_port, chosen.peer_port, chosen.manager_port
    )


def etcd(place: layout.Layout, node: Path, where: Addresses) -> Component:
    """The store. Durability is not wanted: the data does not outlive the cluster."""
    client, peer = f"https://127.0.0.1:{where.etcd_port}", f"https://127.0.0.1:{where.peer_port}"
    pair = (
        "cert-file=" + str(place.certificates / "etcd.crt"),
        "key-file=" + str(place.certificates / "etcd.key"),
    )
    trust = ("client-cert-auth", f"trusted-ca-file={place.authority}")
    flags = [
        "--name=node1",
        f"--data-dir={place.root / 'etcd'}",
        "--unsafe-no-fsync",
        "--log-level=warn",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=node1={peer}",
        *(f"--{flag}" for flag in (*pair, *trust)),
        *(f"--peer-{flag}" for flag in (*pair, *trust)),
    ]
    return Component("etcd", (str(node), "etcd", *flags))


def apiserver(place: layout.Layout, node: Path, where: Addresses) -> Component:
    """The API server; a loopback address cannot be published as an endpoint, so it is not then."""
    pki = place.certificates
    flags = [
        f"--bind-address={where.api}",
        f"--advertise-address={where.api}",
        f"--secure-port={where.api_port}",
        f"--etcd-servers=https://127.0.0.1:{where.etcd_port}",
        f"--etcd-cafile={place.authority}",
        f"--etcd-certfile={pki / 'etcd.crt'}",
        f"--etcd-keyfile={pki / 'etcd.key'}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged",
        f"--service-cluster-ip-range={layout.SERVICE_NETWORK}",
        f"--client-ca-file={place.authority}",
        f"--tls-cert-file={pki / 'apiserver.crt'}",
        f"--tls-private-key-file={pki / 'apiserver.key'}",
        "--kubelet-preferred-address-types=InternalIP",
        f"--kubelet-certificate-authority={place.authority}",
        f"--kubelet-client-certificate={pki / 'apiserver-kubelet-client.crt'}",
        f"--kubelet-client-key={pki / 'apiserver-kubelet-client.key'}",
        f"--service-account-issuer=https://kubernetes.default.svc.{layout.DOMAIN}",
        f"--service-account-key-file={pki / 'service-accounts.pub'}",
        f"--service-account-signing-key-file={pki / 'service-accounts.key'}",
    ]
    if where.api == "127.0.0.1":
        flags.append("--endpoint-reconciler-type=none")
    return Component("kube-apiserver", (str(node), "kube-apiserver", *flags))


def controller_manager(place: layout.Layout, node: Path, where: Addresses) -> Component:
    """The controllers, among them the garbage collector that owner references need."""
    flags = [
        f"--kubeconfig={kubeconfig(place, 'controller-manager')}",
        "--bind-address=127.0.0.1",
        f"--secure-port={where.manager_port}",
        f"--root-ca-file={place.authority}",
        f"--service-account-private-key-file={place.certificates / 'service-accounts.key'}",
        f"--cluster-signing-cert-file={place.authority}",
        f"--cluster-signing-key-file={place.certificates / 'ca.key'}",
        "--use-service-account-credentials",
        "--leader-elect=false",
    ]
    return Component("kube-controller-manager", (str(node), "kube-controller-manager", *flags))


def scheduler(place: layout.Layout, node: Path) -> Component:
    """The scheduler."""
    flags = (
        f"--kubeconfig={kubeconfig(place, 'scheduler')}",
        "--bind-address=127.0.0.1",
        "--leader-elect=false",
    )
    return Component("kube-scheduler", (str(node), "kube-scheduler", *flags))


def kubelet(place: layout.Layout, node: Path) -> Component:
    """The node's agent."""
    flags = (
        f"--config={place.configuration / 'kubelet.json'}",
        f"--kubeconfig={kubeconfig(place, 'kubelet')}",
        f"--root-dir={place.kubelet}",
        f"--cert-dir={place.kubelet / 'pki'}",
        f"--hostname-override={layout.NODE}",
        f"--node-ip={layout.NODE_ADDRESS}",
    )
    return Component("kubelet", (str(node), "kubelet", *flags))


def proxy(place: layout.Layout, node: Path) -> Component:
    """ClusterIPs, as NAT rules in the node's namespace."""
    return Component(
        "kube-proxy", (str(node), "kube-proxy", f"--config={place.configuration / 'proxy.json'}")
    )


def enforcer(place: layout.Layout, binary: Path) -> Component:
    """kube-router as a firewall for NetworkPolicies, and as nothing else."""
    flags = (
        f"--kubeconfig={kubeconfig(place, 'admin')}",
        f"--hostname-override={layout.NODE}",
        f"--service-cluster-ip-range={layout.SERVICE_NETWORK}",
        f"--health-port={ENFORCER_PORT}",
        "--metrics-port=0",
        "--run-firewall=true",
        "--run-router=false",
        "--run-service-proxy=false",
        "--run-loadbalancer=false",
    )
    return Component(ENFORCER, (str(binary), *flags))


def dns(place: layout.Layout, binary: Path) -> Component:
    """CoreDNS, on the node itself."""
    return Component("coredns", (str(binary), "-conf", str(place.configuration / "Corefile")))


def containerd(place: layout.Layout) -> Component:
    """A containerd of the cluster's own, beside whatever the system runs."""
    return Component(
        "containerd", ("containerd", "--config", str(place.configuration / "containerd.toml"))
    )


def forwarder(place: layout.Layout, chosen: settings.Settings) -> Component:
    """The host's way to the API server."""
    program = (sys.executable, str(layout.SOURCE), "forward", "--name", place.name)
    target = f"{layout.NODE_ADDRESS}:{API_PORT}"
    return Component("forwarder", (*program, str(chosen.api_port), target))


def kubeconfig(place: layout.Layout, holder: str) -> Path:
    """Where the kubeconfig of a component is."""
    return place.configuration / f"{holder}.kubeconfig"


def control_plane(place: layout.Layout, node: Path, where: Addresses) -> list[Component]:
    """What the quick form consists of, in the order of starting."""
    return [build(place, node, where) for build in (etcd, apiserver, controller_manager)]


def on_node(place: layout.Layout, component: Component) -> Component:
    """The same component, inside the node's network namespace."""
    return dataclasses.replace(component, argv=(*namespace.enter(place), *component.argv))
