"""What a real kube-apiserver accepts and refuses, and the message it refuses with."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from tests.operator_api.manifests import ACCEPTED, IMMUTABLE, WELL, managed
from tests.operator_api.refusals import REFUSED

from cluster import handle


pytestmark = pytest.mark.control_plane


def manifest(place: Path, kind: str, change: dict[str, Any], name: str = "sample") -> str:
    """The well-formed manifest with a change; None takes a field away."""
    spec = {**copy.deepcopy(WELL[kind]), **change}
    body = {
        "apiVersion": "authly.dev/v1alpha1",
        "kind": kind,
        "metadata": {"name": name, "namespace": "default"},
        "spec": {key: part for key, part in spec.items() if part is not None},
    }
    path = place / "manifest.json"
    path.write_text(json.dumps(body))
    return str(path)


def test_the_schemas_are_structural(control_plane: handle.Cluster) -> None:
    crds = json.loads(control_plane.kubectl("get", "crd", "-o", "json"))["items"]
    states = [
        (condition["type"], condition["status"])
        for crd in crds
        for condition in crd["status"]["conditions"]
    ]

    assert len(crds) == 5
    assert states.count(("Established", "True")) == 5
    assert ("NonStructuralSchema", "True") not in states


@pytest.mark.parametrize(("kind", "change"), ACCEPTED)
def test_a_sound_manifest_is_accepted(
    control_plane: handle.Cluster, tmp_path: Path, kind: str, change: dict[str, Any]
) -> None:
    path = manifest(tmp_path, kind, change)

    assert "created" in control_plane.kubectl("create", "--dry-run=server", "-f", path)


@pytest.mark.parametrize(("kind", "change", "message"), REFUSED)
def test_a_wrong_manifest_is_refused_with_what_to_do(
    control_plane: handle.Cluster, tmp_path: Path, kind: str, change: dict[str, Any], message: str
) -> None:
    path = manifest(tmp_path, kind, change)

    with pytest.raises(handle.CommandFailed) as refusal:
        control_plane.kubectl("create", "--dry-run=server", "-f", path)
    assert message in str(refusal.value)


@pytest.mark.parametrize(("kind", "change", "message"), IMMUTABLE)
def test_what_is_immutable_cannot_be_edited(
    control_plane: handle.Cluster, tmp_path: Path, kind: str, change: dict[str, Any], message: str
) -> None:
    control_plane.kubectl("apply", "-f", manifest(tmp_path, kind, {}))

    with pytest.raises(handle.CommandFailed) as refusal:
        control_plane.kubectl("apply", "-f", manifest(tmp_path, kind, change))
    assert message in str(refusal.value)


def test_storage_may_grow(control_plane: handle.Cluster, tmp_path: Path) -> None:
    control_plane.kubectl("apply", "-f", manifest(tmp_path, "AuthlyServer", {}))
    grown = manifest(tmp_path, "AuthlyServer", managed(storage={"size": "10241Mi"}))

    assert "configured" in control_plane.kubectl("apply", "--dry-run=server", "-f", grown)


def test_a_long_server_name_is_refused(control_plane: handle.Cluster, tmp_path: Path) -> None:
    path = manifest(tmp_path, "AuthlyServer", {}, name="a" * 41)

    with pytest.raises(handle.CommandFailed, match="at most 40"):
        control_plane.kubectl("create", "-f", path)


def test_defaults_are_written_by_the_server(control_plane: handle.Cluster, tmp_path: Path) -> None:
    path = manifest(tmp_path, "AuthlyServer", {}, name="fresh")
    made = control_plane.kubectl("create", "--dry-run=server", "-o", "json", "-f", path)
    spec = json.loads(made)["spec"]

    assert spec["replicas"] == 2
    assert spec["tokens"]["accessTokenTTL"] == "30m"
    assert spec["database"]["managed"]["storage"]["size"] == "10Gi"


def test_a_server_is_scaled_by_its_subresource(
    control_plane: handle.Cluster, tmp_path: Path
) -> None:
    control_plane.kubectl("apply", "-f", manifest(tmp_path, "AuthlyServer", {}))
    control_plane.kubectl("scale", "authlyserver/sample", "--replicas=3")

    replicas = control_plane.kubectl("get", "as", "sample", "-o", "jsonpath={.spec.replicas}")
    assert replicas == "3"


def test_explain_reads_like_documentation(control_plane: handle.Cluster) -> None:
    told = control_plane.kubectl("explain", "authlyserver.spec")

    assert "Where the data is kept" in told
    assert "<no description>" not in told
