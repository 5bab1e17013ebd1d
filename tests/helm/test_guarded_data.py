"""admission.guardData: data and keys are deleted by who says so, and a namespace always can be."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from authly_operator import naming
from cluster import handle


pytestmark = pytest.mark.control_plane

NAMESPACE = "guarded"
ALLOWED = f"{naming.GROUP}/allow-deletion=true"
DATABASE = naming.selector("main", naming.Component.DATABASE)
Apply = Callable[..., str]


def server(name: str, policy: str) -> dict[str, Any]:
    return {
        "apiVersion": naming.API_VERSION,
        "kind": "AuthlyServer",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "issuer": "https://auth.example.com",
            "database": {"managed": {}},
            "deletionPolicy": policy,
        },
    }


def secret(name: str, labels: dict[str, str]) -> dict[str, Any]:
    metadata = {"name": name, "namespace": NAMESPACE, "labels": labels}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata}


def claim() -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data-main-database-0", "namespace": NAMESPACE, "labels": DATABASE},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }


@pytest.fixture
def guarded(
    control_plane: handle.Cluster, helm: Any, definitions: None, tmp_path: Path
) -> Iterator[handle.Cluster]:
    """A namespace for which the policies hold."""
    documents = helm.render("--set=admission.guardData=true", "--set=crds.install=false")
    ours = [one for one in documents if one["kind"].startswith("ValidatingAdmissionPolicy")]
    assert len(ours) == 4
    path = tmp_path / "guard.json"
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": ours}))
    control_plane.kubectl("apply", "-f", str(path))
    control_plane.kubectl("create", "namespace", NAMESPACE)
    _until_enforced(control_plane, tmp_path / "probe.json")
    yield control_plane
    control_plane.kubectl("delete", "--ignore-not-found", "namespace", NAMESPACE)
    control_plane.kubectl("delete", "-f", str(path))


def _until_enforced(control_plane: handle.Cluster, path: Path) -> None:
    """The API server learns of policies a moment after they were written."""
    path.write_text(json.dumps(secret("probe", naming.selector("probe", naming.Component.SERVER))))
    deadline = time.monotonic() + 60
    while True:
        control_plane.kubectl("create", "-f", str(path))
        try:
            control_plane.kubectl("-n", NAMESPACE, "delete", "secret", "probe")
        except handle.CommandFailed:
            return
        assert time.monotonic() < deadline, "the policies are not enforced"


def refusal(cluster: handle.Cluster, *arguments: str) -> str:
    with pytest.raises(handle.CommandFailed) as failed:
        cluster.kubectl("-n", NAMESPACE, "delete", *arguments)
    return str(failed.value)


def test_data_and_keys_are_deleted_only_by_who_says_so(
    guarded: handle.Cluster, apply: Apply
) -> None:
    keys = secret("main-signing-keys", naming.labels("main", naming.Component.SERVER))
    apply([server("gone", "Delete"), server("main", "Retain"), keys, claim()])

    assert "allow-deletion=true" in refusal(guarded, "authlyserver", "gone")
    assert "allow-deletion=true" in refusal(guarded, "secret", "main-signing-keys")
    assert "allow-deletion=true" in refusal(guarded, "pvc", "data-main-database-0")
    for kind, name in (("authlyserver", "gone"), ("secret", "main-signing-keys")):
        guarded.kubectl("-n", NAMESPACE, "annotate", kind, name, ALLOWED)
        assert "deleted" in guarded.kubectl("-n", NAMESPACE, "delete", kind, name)


def test_what_holds_no_data_is_deleted_as_ever(guarded: handle.Cluster, apply: Apply) -> None:
    client = secret("shop-oauth", naming.labels("main", naming.Component.CLIENT))
    apply([server("main", "Retain"), secret("of-others", {}), client])

    for kind, name in (("authlyserver", "main"), ("secret", "of-others"), ("secret", "shop-oauth")):
        assert "deleted" in guarded.kubectl("-n", NAMESPACE, "delete", kind, name)


def test_a_namespace_goes_with_everything_in_it(guarded: handle.Cluster, apply: Apply) -> None:
    keys = secret("main-signing-keys", naming.labels("main", naming.Component.SERVER))
    apply([server("gone", "Delete"), keys, claim()])

    guarded.kubectl("delete", "namespace", NAMESPACE, "--timeout=60s")


def test_nothing_is_guarded_where_nobody_asks(helm: Any) -> None:
    kinds = [one["kind"] for one in helm.render()]

    assert "ValidatingAdmissionPolicy" not in kinds
