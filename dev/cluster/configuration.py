"""Configuration files of the components. Pure builders, and one function that writes them all."""

import json
from pathlib import Path

from cluster import certificates, components, dns, layout, settings


CONTAINERD = """\
version = 2
root = "{containerd}/root"
state = "{containerd}/state"
oom_score = 0
disabled_plugins = ["io.containerd.internal.v1.opt"]
[grpc]
  address = "{socket}"
[debug]
  level = "warn"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause}"
  restrict_oom_score_adj = true
  disable_apparmor = true
  netns_mounts_under_state_dir = true
  stream_server_address = "127.0.0.1"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{plugins}"
    conf_dir = "{cni}"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        Root = "{containerd}/runc"
"""
PAUSE_IMAGE = "authly.dev/pause:1"
HOLDERS = ("admin", "controller-manager", "scheduler", "proxy", "kubelet", "dns")


def containerd(place: layout.Layout, plugins: Path) -> str:
    """What containerd is told: nothing of it outside the cluster's state."""
    return CONTAINERD.format(
        containerd=place.containerd,
        socket=place.containerd_socket,
        pause=PAUSE_IMAGE,
        plugins=plugins,
        cni=place.configuration / "cni",
    )


def cni(place: layout.Layout) -> dict[str, object]:
    """The pods' network: the node's bridge, addresses from .10 on."""
    ranges = [
        [{"subnet": layout.POD_NETWORK, "rangeStart": "10.89.0.10", "gateway": layout.NODE_ADDRESS}]
    ]
    ipam = {
        "type": "host-local",
        "dataDir": str(place.root / "addresses"),
        "ranges": ranges,
        "routes": [{"dst": "0.0.0.0/0"}],
    }
    bridge = {
        "type": "bridge",
        "bridge": "cni0",
        "isGateway": True,
        "hairpinMode": True,
        "ipMasq": False,
        "ipam": ipam,
    }
    portmap = {"type": "portmap", "capabilities": {"portMappings": True}}
    return {"cniVersion": "1.0.0", "name": place.identity, "plugins": [bridge, portmap]}


def kubelet(place: layout.Layout) -> dict[str, object]:
    """The kubelet's configuration: works with any layout of cgroups, evicts nothing."""
    x509 = {"clientCAFile": str(place.authority)}
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": layout.NODE_ADDRESS,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": x509,
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(place.certificates / "kubelet.crt"),
        "tlsPrivateKeyFile": str(place.certificates / "kubelet.key"),
        "containerRuntimeEndpoint": f"unix://{place.containerd_socket}",
        "clusterDNS": [layout.DNS_SERVICE_ADDRESS],
        "clusterDomain": layout.DOMAIN,
        "resolvConf": str(place.configuration / "pods-resolv.conf"),
        "podLogsDir": str(place.root / "pods"),
        "cgroupDriver": "cgroupfs",
        "cgroupsPerQOS": False,
        "enforceNodeAllocatable": [],
        "failCgroupV1": False,
        "failSwapOn": False,
        "oomScoreAdj": 0,
        "localStorageCapacityIsolation": False,
        "evictionHard": {
            "nodefs.available": "0%",
            "imagefs.available": "0%",
            "memory.available": "0%",
        },
        "imageGCHighThresholdPercent": 100,
        "volumePluginDir": str(place.kubelet / "plugins-exec"),
    }


def proxy(place: layout.Layout) -> dict[str, object]:
    """The service proxy's configuration; the kernel's connection table is the host's and stays."""
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "iptables",
        "hostnameOverride": layout.NODE,
        "bindAddress": layout.NODE_ADDRESS,
        "healthzBindAddress": "127.0.0.1:10256",
        "metricsBindAddress": "127.0.0.1:10249",
        "clusterCIDR": layout.POD_NETWORK,
        "oomScoreAdj": 0,
        "conntrack": {"maxPerCore": 0, "min": 0},
        "clientConnection": {"kubeconfig": str(components.kubeconfig(place, "proxy"))},
    }


def write_kubeconfigs(place: layout.Layout, chosen: settings.Settings) -> None:
    """The host's kubeconfig and those of the components; all of them hold keys."""
    server = components.addresses(chosen).server
    for holder in HOLDERS:
        path = components.kubeconfig(place, holder)
        _write(path, certificates.kubeconfig(place.certificates, holder, server, place.name))
    host = f"https://127.0.0.1:{chosen.api_port}"
    _write(
        place.kubeconfig,
        certificates.kubeconfig(place.certificates, "admin", host, f"authly-{place.name}"),
    )


def write_node(place: layout.Layout, plugins: Path) -> None:
    """Everything that only a node needs."""
    _write(place.configuration / "containerd.toml", containerd(place, plugins))
    _write(place.configuration / "cni" / "10-bridge.conflist", json.dumps(cni(place), indent=2))
    _write(place.configuration / "kubelet.json", json.dumps(kubelet(place), indent=2))
    _write(place.configuration / "proxy.json", json.dumps(proxy(place), indent=2))
    _write(
        place.configuration / "Corefile",
        dns.corefile(components.kubeconfig(place, "dns"), place.name),
    )
    _write(place.configuration / "resolv.conf", dns.RESOLVER)
    _write(place.configuration / "pods-resolv.conf", dns.POD_RESOLVER)


def _write(path: Path, text: str) -> None:
    """Write what differs; kube-proxy ends itself when its file is so much as touched."""
    if path.exists() and path.read_text() == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(text)
