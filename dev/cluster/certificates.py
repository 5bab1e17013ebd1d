"""One certificate authority a cluster, and a key with a certificate for all who speak in it."""

import base64
import concurrent.futures
import dataclasses
import json
import os
from pathlib import Path

from cluster import layout, programs


DAYS = "3650"
CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


@dataclasses.dataclass(frozen=True)
class Holder:
    """Someone with a certificate: RBAC's user (CN) and group (O), and where it serves (SANs)."""

    file: str
    user: str
    group: str = ""
    serves: tuple[str, ...] = ()

    @property
    def subject(self) -> str:
        """The distinguished name, as openssl wants it."""
        return (f"/O={self.group}" if self.group else "") + f"/CN={self.user}"


API_SERVER_NAMES = (
    "DNS:kubernetes",
    "DNS:kubernetes.default",
    "DNS:kubernetes.default.svc",
    f"DNS:kubernetes.default.svc.{layout.DOMAIN}",
    "DNS:localhost",
    "IP:127.0.0.1",
    f"IP:{layout.API_SERVICE_ADDRESS}",
    f"IP:{layout.NODE_ADDRESS}",
)
LOOPBACK_NAMES = ("DNS:localhost", "IP:127.0.0.1")
NODE_NAMES = (f"DNS:{layout.NODE}", f"IP:{layout.NODE_ADDRESS}")

HOLDERS = (
    Holder("etcd", "etcd", serves=LOOPBACK_NAMES),
    Holder("apiserver", "kube-apiserver", serves=API_SERVER_NAMES),
    Holder("apiserver-kubelet-client", "kube-apiserver", "system:masters"),
    Holder("admin", "kubernetes-admin", "system:masters"),
    Holder("controller-manager", "system:kube-controller-manager"),
    Holder("scheduler", "system:kube-scheduler"),
    Holder("proxy", "system:kube-proxy"),
    Holder("dns", "system:coredns"),
    Holder("kubelet", f"system:node:{layout.NODE}", "system:nodes", serves=NODE_NAMES),
    Holder("localhost", "localhost", serves=LOOPBACK_NAMES),
)


def ensure(directory: Path) -> None:
    """Make whatever is not there yet; what is there stays, so that running components keep trust.

    Raises:
        refusal.Refusal: openssl failed.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not (directory / "ca.crt").exists():
        _draw_authority(directory)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        list(pool.map(lambda holder: _ensure_holder(directory, holder), HOLDERS))
    if not (directory / "service-accounts.pub").exists():
        _draw_service_account_keys(directory)


def _draw_authority(directory: Path) -> None:
    extensions = [
        "-addext",
        "basicConstraints=critical,CA:TRUE",
        "-addext",
        "keyUsage=critical,keyCertSign,cRLSign",
    ]
    _request(directory, "ca", "/CN=authly development cluster", extensions)


def _ensure_holder(directory: Path, holder: Holder) -> None:
    if (directory / f"{holder.file}.crt").exists():
        return
    extensions = ["-CA", str(directory / "ca.crt"), "-CAkey", str(directory / "ca.key")]
    for extension in _extensions(holder):
        extensions += ["-addext", extension]
    _request(directory, holder.file, holder.subject, extensions)


def _extensions(holder: Holder) -> list[str]:
    extensions = ["basicConstraints=critical,CA:FALSE", "keyUsage=critical,digitalSignature"]
    if not holder.serves:
        return [*extensions, "extendedKeyUsage=clientAuth"]
    names = f"subjectAltName={','.join(holder.serves)}"
    return [*extensions, "extendedKeyUsage=serverAuth,clientAuth", names]


def _request(directory: Path, file: str, subject: str, extensions: list[str]) -> None:
    """Draw a key and certify it; the certificate appears last, so its presence means both."""
    key, partial = directory / f"{file}.key", directory / f"{file}.partial"
    settings = ["-config", str(_empty_configuration(directory)), "-days", DAYS, "-subj", subject]
    result = ["-keyout", str(key), "-out", str(partial)]
    programs.run("openssl", "req", "-x509", *CURVE, *settings, *extensions, *result)
    key.chmod(0o600)
    partial.rename(directory / f"{file}.crt")


def _empty_configuration(directory: Path) -> Path:
    """A configuration without extensions of its own; the system's would add some a second time."""
    path = directory / "openssl.cnf"
    if not path.exists():
        partial = path.with_suffix(f".{os.getpid()}")
        partial.write_text("[req]\ndistinguished_name = name\n[name]\n")
        partial.rename(path)
    return path


def _draw_service_account_keys(directory: Path) -> None:
    key = directory / "service-accounts.key"
    programs.run(
        "openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", key
    )
    programs.run(
        "openssl", "pkey", "-in", key, "-pubout", "-out", directory / "service-accounts.pub"
    )


def kubeconfig(directory: Path, holder: str, server: str, context: str) -> str:
    """A kubeconfig that needs no other file, as JSON, which is YAML too."""

    def inline(file: str) -> str:
        return base64.b64encode((directory / file).read_bytes()).decode()

    cluster = {"server": server, "certificate-authority-data": inline("ca.crt")}
    certificate = inline(f"{holder}.crt")
    user = {"client-certificate-data": certificate, "client-key-data": inline(f"{holder}.key")}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": context, "cluster": cluster}],
        "users": [{"name": context, "user": user}],
        "contexts": [{"name": context, "context": {"cluster": context, "user": context}}],
        "current-context": context,
    }
    return json.dumps(document, indent=2) + "\n"
