import time
from collections.abc import Callable

import pytest

from cluster import handle


pytestmark = pytest.mark.control_plane

NewCluster = Callable[[str], handle.Cluster]


@pytest.fixture(scope="module")
def quick(new_cluster: NewCluster) -> handle.Cluster:
    cluster = new_cluster("quick")
    cluster.up(control_plane=True)
    return cluster


def pids(cluster: handle.Cluster) -> list[str]:
    lines = cluster.run("status").splitlines()
    return [line.partition(",")[0] for line in lines if " pid " in line]


def test_it_takes_objects(quick: handle.Cluster) -> None:
    quick.kubectl("create", "configmap", "kept", "--from-literal=a=b")
    assert quick.kubectl("get", "configmap", "kept", "-o", "jsonpath={.data.a}") == "b"


def test_it_collects_what_lost_its_owner(quick: handle.Cluster) -> None:
    quick.kubectl("create", "configmap", "owner")
    uid = quick.kubectl("get", "configmap", "owner", "-o", "jsonpath={.metadata.uid}")
    quick.kubectl("create", "configmap", "owned")
    owner = f'[{{"apiVersion":"v1","kind":"ConfigMap","name":"owner","uid":"{uid}"}}]'
    patch = f'{{"metadata":{{"ownerReferences":{owner}}}}}'
    quick.kubectl("patch", "configmap", "owned", "--type=merge", "-p", patch)
    quick.kubectl("delete", "configmap", "owner")
    quick.kubectl("wait", "--for=delete", "configmap/owned", "--timeout=60s")


def test_a_second_start_finds_what_runs_and_keeps_what_it_holds(quick: handle.Cluster) -> None:
    before = pids(quick)
    quick.kubectl("create", "configmap", "lasting")
    began = time.monotonic()
    quick.up(control_plane=True)
    assert time.monotonic() - began < 10
    assert pids(quick) == before
    assert "lasting" in quick.kubectl("get", "configmaps")


def test_a_dead_component_is_reported_and_brought_back(
    quick: handle.Cluster, kill: Callable[[handle.Cluster, str], None]
) -> None:
    kill(quick, "kube-apiserver")
    with pytest.raises(handle.CommandFailed, match=r"kube-apiserver +dead"):
        quick.run("status")
    quick.up(control_plane=True)
    assert "kube-apiserver" in quick.run("status")
    quick.kubectl("get", "namespaces")


def test_two_run_side_by_side_and_one_leaves_nothing_and_the_other_alone(
    quick: handle.Cluster,
    new_cluster: NewCluster,
    left_of: Callable[[handle.Cluster], list[str]],
) -> None:
    other = new_cluster("other")
    other.up(control_plane=True)
    other.kubectl("create", "configmap", "elsewhere")
    assert "elsewhere" not in quick.kubectl("get", "configmaps")
    other.down()
    assert left_of(other) == []
    assert "kube-apiserver" in quick.run("status")


def test_it_has_no_network_to_enter(quick: handle.Cluster) -> None:
    with pytest.raises(handle.CommandFailed, match="has no node"):
        quick.run("exec", "--", "true")


def test_it_leaves_nothing_after_a_crash_of_everything(
    quick: handle.Cluster,
    kill: Callable[[handle.Cluster, str], None],
    left_of: Callable[[handle.Cluster], list[str]],
) -> None:
    kill(quick, "etcd")
    (quick.place.processes / "kube-apiserver.json").unlink()
    quick.down()
    assert left_of(quick) == []
