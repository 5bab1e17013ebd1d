"""The cluster's DNS: CoreDNS on the node, the Service before it, and a small resolver."""

import secrets
import socket
import struct
from pathlib import Path
from typing import Any

from cluster import layout, refusal


RESOLVER = f"""\
nameserver {layout.DNS_SERVICE_ADDRESS}
search svc.{layout.DOMAIN} {layout.DOMAIN}
options ndots:5
"""
POD_RESOLVER = f"nameserver {layout.DNS_SERVICE_ADDRESS}\n"
COREFILE = """\
{domain}:53 in-addr.arpa:53 {{
    errors
    health 127.0.0.1:8080
    ready 127.0.0.1:8181
    kubernetes {domain} in-addr.arpa {{
        kubeconfig {kubeconfig} {context}
        pods insecure
        ttl 5
    }}
    cache 5
}}
"""
TYPE_A, CLASS_IN = 1, 1
TIMEOUT_SECONDS = 2.0


def corefile(kubeconfig: Path, context: str) -> str:
    """What CoreDNS is told: the cluster's names and no others, since pods reach nothing else."""
    return COREFILE.format(domain=layout.DOMAIN, kubeconfig=kubeconfig, context=context)


def manifests() -> list[dict[str, Any]]:
    """The Service kube-dns, its endpoint (the node itself), and what CoreDNS may read."""
    metadata = {"name": "kube-dns", "namespace": "kube-system"}
    ports = [
        {"name": "dns", "port": 53, "protocol": "UDP"},
        {"name": "dns-tcp", "port": 53, "protocol": "TCP"},
    ]
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": {"clusterIP": layout.DNS_SERVICE_ADDRESS, "ports": ports},
    }
    slice_metadata = metadata | {"labels": {"kubernetes.io/service-name": "kube-dns"}}
    endpoints = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": slice_metadata,
        "addressType": "IPv4",
        "endpoints": [{"addresses": [layout.NODE_ADDRESS], "conditions": {"ready": True}}],
        "ports": ports,
    }
    return [service, endpoints, *_permissions()]


def _permissions() -> list[dict[str, Any]]:
    verbs = ["list", "watch"]
    rules = [
        {"apiGroups": [""], "resources": ["services", "pods", "namespaces"], "verbs": verbs},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": verbs},
    ]
    group, metadata = "rbac.authorization.k8s.io", {"name": "system:coredns"}
    role = {
        "apiVersion": f"{group}/v1",
        "kind": "ClusterRole",
        "metadata": metadata,
        "rules": rules,
    }
    binding = {
        "apiVersion": f"{group}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": metadata,
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "system:coredns"},
        "subjects": [{"apiGroup": group, "kind": "User", "name": "system:coredns"}],
    }
    return [role, binding]


def find(host: str) -> str:
    """The address of a Service: `name.namespace`, with `.svc` and domain or without, or an address.

    Called inside the node's network namespace.

    Raises:
        refusal.Refusal: the cluster does not know the name.
    """
    try:
        socket.inet_aton(host)
    except OSError:
        for name in candidates(host):
            addresses = parse_answer(_ask(build_query(secrets.randbits(16), name)))
            if addresses:
                return addresses[0]
    else:
        return host
    message = f"the cluster knows no {host!r}; a Service is called NAME.NAMESPACE"
    raise refusal.Refusal(message)


def candidates(host: str) -> list[str]:
    """The full names that a short one may mean, as resolv.conf's search list would try them."""
    name = host.rstrip(".")
    endings = ("", f".{layout.DOMAIN}", f".svc.{layout.DOMAIN}")
    return [name + ending for ending in endings if (name + ending).endswith(f".{layout.DOMAIN}")]


def _ask(query: bytes) -> bytes:
    with socket.socket(type=socket.SOCK_DGRAM) as channel:
        channel.settimeout(TIMEOUT_SECONDS)
        channel.connect((layout.NODE_ADDRESS, 53))
        channel.send(query)
        return channel.recv(4096)


def build_query(number: int, name: str) -> bytes:
    """A question for the IPv4 addresses of a name (RFC 1035, 4.1)."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return (
        struct.pack(">6H", number, 0x0100, 1, 0, 0, 0)
        + labels
        + struct.pack(">BHH", 0, TYPE_A, CLASS_IN)
    )


def parse_answer(message: bytes) -> list[str]:
    """The IPv4 addresses in an answer (RFC 1035, 4.1.3); none when the name does not exist."""
    count = struct.unpack_from(">H", message, 6)[0]
    offset = _skip_name(message, 12) + 4
    addresses = []
    for _ in range(count):
        offset = _skip_name(message, offset)
        kind, _class, _ttl, length = struct.unpack_from(">HHIH", message, offset)
        data = message[offset + 10 : offset + 10 + length]
        addresses += [socket.inet_ntoa(data)] if kind == TYPE_A else []
        offset += 10 + length
    return addresses


def _skip_name(message: bytes, offset: int) -> int:
    """The offset behind a name, which ends with an empty label or with a pointer of two bytes."""
    while length := message[offset]:
        if length & 0xC0:
            return offset + 2
        offset += length + 1
    return offset + 1
