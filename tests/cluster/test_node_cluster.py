import contextlib
import os
import socket
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cluster import handle, images, layout, ports, residue


pytestmark = pytest.mark.node

DOMAIN = layout.DOMAIN
HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive with the probe's image, named as buildah names what has no registry."""
    directory = tmp_path_factory.mktemp("probe")
    command = ["go", "build", "-trimpath", "-buildvcs=false", "-o", str(directory / "probe"), "."]
    environment = os.environ | {"CGO_ENABLED": "0"}
    subprocess.run(command, cwd=HERE / "probe", env=environment, check=True)  # noqa: S603 - ours
    content = images.build_archive((directory / "probe").read_bytes(), "localhost/authly/probe:1")
    (directory / "probe.tar").write_bytes(content)
    return directory / "probe.tar"


def start(cluster: handle.Cluster, probe: Path) -> handle.Cluster:
    cluster.up()
    assert cluster.run("load-image", str(probe)).split() == ["docker.io/authly/probe:1"]
    cluster.kubectl("apply", "-f", str(HERE / "pod.yaml"))
    cluster.kubectl("wait", "--for=condition=Ready", "pod/probe", "--timeout=120s")
    return cluster


@pytest.fixture(scope="module")
def node(new_cluster: Callable[[str], handle.Cluster], probe: Path) -> handle.Cluster:
    return start(new_cluster("node"), probe)


@contextlib.contextmanager
def forwarded(cluster: handle.Cluster, target: str, *flags: str) -> Iterator[int]:
    (port,) = ports.find_free("tests", 1)
    command = cluster.argv("forward", str(port), target, *flags)
    with subprocess.Popen(command, stderr=subprocess.PIPE) as forwarding:  # noqa: S603 - ours
        try:
            assert forwarding.stderr is not None
            assert b"Forwarding" in forwarding.stderr.readline()
            yield port
        finally:
            forwarding.terminate()


def fetch(url: str, trust: ssl.SSLContext | None = None) -> str:
    with urllib.request.urlopen(url, timeout=10, context=trust) as answer:  # noqa: S310 - loopback
        return str(answer.read().decode())


def test_a_pod_resolves_a_service(node: handle.Cluster) -> None:
    address = node.kubectl("get", "service", "web", "-o", "jsonpath={.spec.clusterIP}")
    assert f"resolved [{address}]" in node.kubectl("logs", "probe")


@pytest.mark.parametrize(
    "name", ["web.default", "web.default.svc", "web.default.svc.cluster.local"]
)
def test_a_command_in_the_pod_resolves_longer_names_too(node: handle.Cluster, name: str) -> None:
    address = node.kubectl("get", "service", "web", "-o", "jsonpath={.spec.clusterIP}")
    assert f"resolved [{address}]" in node.kubectl("exec", "probe", "--", "/program", name)


def test_a_claim_is_bound_and_writable_for_the_pods_group(node: handle.Cluster) -> None:
    phase = node.kubectl("get", "persistentvolumeclaim", "data", "-o", "jsonpath={.status.phase}")
    assert phase == "Bound"
    assert "wrote <nil>" in node.kubectl("logs", "probe")


def test_the_host_reaches_a_service_through_a_forward(node: handle.Cluster) -> None:
    with forwarded(node, "web.default:80") as port:
        assert fetch(f"http://127.0.0.1:{port}") == "from the pod"


def test_a_forward_can_terminate_tls_for_who_trusts_the_cluster(node: handle.Cluster) -> None:
    trust = ssl.create_default_context(cafile=str(node.place.authority))
    with forwarded(node, "web.default:80", "--tls") as port:
        assert fetch(f"https://localhost:{port}", trust) == "from the pod"


def test_a_forward_to_an_unknown_name_closes_the_connection(node: handle.Cluster) -> None:
    with (
        forwarded(node, "nobody.default:80") as port,
        socket.create_connection(("127.0.0.1", port), timeout=10) as client,
    ):
        assert client.recv(1) == b""


def test_a_command_runs_inside_the_clusters_network_with_its_names(node: handle.Cluster) -> None:
    address = node.kubectl("get", "service", "web", "-o", "jsonpath={.spec.clusterIP}")
    assert node.run("exec", "--", "getent", "hosts", "web.default").split()[0] == address


def test_an_image_that_is_there_is_not_imported_again(node: handle.Cluster, probe: Path) -> None:
    before = residue.containers(node.place.containerd)
    began = time.monotonic()
    node.run("load-image", str(probe))
    assert time.monotonic() - began < 5
    assert residue.containers(node.place.containerd) == before


def test_a_killed_component_comes_back_and_the_pod_stays(
    node: handle.Cluster, kill: Callable[[handle.Cluster, str], None]
) -> None:
    uid = node.kubectl("get", "pod", "probe", "-o", "jsonpath={.metadata.uid}")
    for component in ("containerd", "kubelet", "coredns"):
        kill(node, component)
    node.up()
    assert node.kubectl("get", "pod", "probe", "-o", "jsonpath={.metadata.uid}") == uid
    assert "resolved [10.96." in node.kubectl("exec", "probe", "--", "/program", "web")


def test_a_second_start_restarts_nothing(node: handle.Cluster) -> None:
    def pids() -> list[str]:
        return [line.split(",")[0] for line in node.run("status").splitlines() if " pid " in line]

    before = pids()
    node.up()
    time.sleep(1)
    assert pids() == before


def test_its_pods_weigh_more_than_one_process_does(node: handle.Cluster) -> None:
    files = ("cpu/k8s.io/cpu.shares", "k8s.io/cpu.weight")
    found = [int((residue.CGROUPS / one).read_text()) for one in files if is_there(one)]
    assert found in ([8192], [800])


def is_there(file: str) -> bool:
    return (residue.CGROUPS / file).exists()


def test_a_volume_is_empty_for_its_next_claim(node: handle.Cluster) -> None:
    volume = node.kubectl(
        "get", "persistentvolumeclaim", "data", "-o", "jsonpath={.spec.volumeName}"
    )
    assert (node.place.volumes / volume / "kept").exists()
    node.kubectl("delete", "pod/probe", "persistentvolumeclaim/data", "--grace-period=1")
    node.up()
    phase = node.kubectl("get", "persistentvolume", volume, "-o", "jsonpath={.status.phase}")
    assert phase == "Available"
    assert not (node.place.volumes / volume / "kept").exists()


def test_after_a_crash_down_leaves_nothing_and_the_neighbour_alone(
    node: handle.Cluster,
    probe: Path,
    new_cluster: Callable[[str], handle.Cluster],
    kill: Callable[[handle.Cluster, str], None],
    left_of: Callable[[handle.Cluster], list[str]],
) -> None:
    crashed = start(new_cluster("crashed"), probe)
    ours = residue.containers(crashed.place.containerd)
    assert residue.contained(crashed.place.containerd)
    for component in ("containerd", "kube-apiserver", "kubelet"):
        kill(crashed, component)
    crashed.down()
    assert left_of(crashed) == []
    assert [path for path in residue.CGROUPS.glob("*/k8s.io/*") if path.name in ours] == []
    assert [
        path for path in residue.CNI_RESULTS.glob("*") if path.name.split("-")[-2] in ours
    ] == []
    assert "node1" in node.kubectl("get", "nodes")
    node.run("status")
