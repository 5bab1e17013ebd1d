"""What the operator may do, asked of a real API server, and how its pods are confined."""

import copy
import re
from collections.abc import Iterator
from typing import Any, Protocol

import pytest

from cluster import handle


pytestmark = pytest.mark.control_plane

ACCOUNT = "system:serviceaccount:authly-system:authly-authly-operator"
RBAC = {"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding", "ServiceAccount"}
CHILDREN = (
    "configmaps",
    "secrets",
    "serviceaccounts",
    "services",
    "deployments.apps",
    "statefulsets.apps",
    "jobs.batch",
    "cronjobs.batch",
    "ingresses.networking.k8s.io",
    "networkpolicies.networking.k8s.io",
    "poddisruptionbudgets.policy",
)
NEEDED = [
    *(
        (verb, child)
        for child in CHILDREN
        for verb in ("get", "list", "watch", "create", "patch", "delete")
    ),
    *(
        (verb, f"{kind}.authly.dev")
        for kind in ("authlyservers", "authlyscopes", "authlyclients")
        for verb in ("get", "list", "watch")
    ),
    ("patch", "authlyscopes.authly.dev"),
    ("patch", "authlyclients.authly.dev"),
    ("patch", "authlyservers.authly.dev/status"),
    ("patch", "authlyclients.authly.dev/status"),
    ("list", "pods"),
    ("create", "events.events.k8s.io"),
]
NEVER = [
    ("create", "pods"),
    ("create", "pods/exec"),
    ("create", "roles.rbac.authorization.k8s.io"),
    ("create", "rolebindings.rbac.authorization.k8s.io"),
    ("impersonate", "users"),
    ("delete", "authlyclients.authly.dev"),
    ("create", "serviceaccounts/token"),
    ("patch", "authlyservers.authly.dev"),
    ("create", "authlyservers.authly.dev"),
]

Documents = list[dict[str, Any]]


class Helm(Protocol):
    def render(self, *arguments: str) -> Documents: ...


class Apply(Protocol):
    def __call__(self, documents: Documents, *arguments: str) -> str: ...


def may(cluster: handle.Cluster, who: str, verb: str, what: str, namespace: str) -> bool:
    """Ask the API server; `what` is a resource, RESOURCE/SUBRESOURCE, or RESOURCE:NAME."""
    resource, _, subresource = what.partition("/")
    asked = ["auth", "can-i", verb, resource.replace(":", "/"), "--as", who, "-n", namespace]
    try:
        cluster.kubectl(*asked, *([f"--subresource={subresource}"] if subresource else []))
    except handle.CommandFailed as failed:
        if re.search(r": no\n", failed.args[0]):
            return False
        raise
    return True


def install(cluster: handle.Cluster, documents: Documents, apply: Apply) -> Iterator[None]:
    roles = [document for document in documents if document["kind"] in RBAC]
    apply(roles)
    yield
    for role in roles:
        name, namespace = role["metadata"]["name"], role["metadata"].get("namespace", "default")
        cluster.kubectl("delete", role["kind"], name, "--namespace", namespace)


@pytest.fixture
def everywhere(
    control_plane: handle.Cluster, definitions: None, helm: Helm, apply: Apply
) -> Iterator[None]:
    yield from install(control_plane, helm.render(), apply)


@pytest.fixture
def two_namespaces(
    control_plane: handle.Cluster, definitions: None, helm: Helm, apply: Apply
) -> Iterator[None]:
    documents = helm.render("--set", "watch.namespaces={team-a,team-b}")
    yield from install(control_plane, documents, apply)


@pytest.mark.usefixtures("two_namespaces")
def test_an_operator_of_two_namespaces_can_do_its_work_there(
    control_plane: handle.Cluster,
) -> None:
    denied = [
        (verb, what)
        for verb, what in (*NEEDED, ("get", "namespaces"))
        if not may(control_plane, ACCOUNT, verb, what, "team-a")
    ]
    assert denied == []


@pytest.mark.usefixtures("two_namespaces")
def test_an_operator_of_two_namespaces_reaches_nothing_elsewhere(
    control_plane: handle.Cluster,
) -> None:
    for verb in ("get", "list", "watch"):
        assert not may(control_plane, ACCOUNT, verb, "secrets", "kube-system")
        assert not may(control_plane, ACCOUNT, verb, "authlyclients.authly.dev", "default")
    assert not may(control_plane, ACCOUNT, "list", "namespaces", "team-a")


@pytest.mark.usefixtures("everywhere")
def test_an_operator_of_the_whole_cluster_can_do_its_work(control_plane: handle.Cluster) -> None:
    more = (
        ("list", "namespaces"),
        ("watch", "namespaces"),
        ("list", "customresourcedefinitions.apiextensions.k8s.io"),
    )
    denied = [
        (verb, what)
        for verb, what in (*NEEDED, *more)
        if not may(control_plane, ACCOUNT, verb, what, "team-b")
    ]
    assert denied == []


@pytest.mark.usefixtures("everywhere")
def test_even_an_operator_of_the_whole_cluster_cannot_raise_its_own_rights(
    control_plane: handle.Cluster,
) -> None:
    for verb, what in NEVER:
        assert not may(control_plane, ACCOUNT, verb, what, "team-a"), (verb, what)


@pytest.mark.usefixtures("everywhere")
def test_leases_are_touched_in_the_operators_own_namespace_only(
    control_plane: handle.Cluster,
) -> None:
    lease = "leases.coordination.k8s.io"
    assert may(control_plane, ACCOUNT, "create", lease, "authly-system")
    assert may(control_plane, ACCOUNT, "update", f"{lease}:authly-authly-operator", "authly-system")
    assert not may(control_plane, ACCOUNT, "update", f"{lease}:another", "authly-system")
    assert not may(control_plane, ACCOUNT, "create", lease, "kube-system")


def test_no_rule_of_the_namespaced_form_holds_for_the_whole_cluster(helm: Helm) -> None:
    documents = helm.render("--set", "watch.namespaces={team-a}")
    kinds = {document["kind"] for document in documents}
    assert "ClusterRoleBinding" not in kinds
    wide = [document for document in documents if document["kind"] == "ClusterRole"]
    groups = {group for role in wide for rule in role["rules"] for group in rule["apiGroups"]}
    assert groups == {"authly.dev"}  # what people's roles are given


def test_no_rule_has_a_wildcard(helm: Helm) -> None:
    for arguments in ((), ("--set", "watch.namespaces={team-a}")):
        for document in helm.render(*arguments):
            for rule in document.get("rules", ()):
                assert "*" not in [*rule["verbs"], *rule["resources"], *rule["apiGroups"]]


@pytest.mark.usefixtures("everywhere")
def test_who_may_edit_a_namespace_registers_clients_there(
    control_plane: handle.Cluster, apply: Apply
) -> None:
    for role, name in (("edit", "alice"), ("view", "bob")):
        binding = {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": {"name": name, "namespace": "team-a"},
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": "ClusterRole",
                "name": role,
            },
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": name}],
        }
        apply([binding])
    wait = ("wait", "clusterrole/edit", "--timeout=30s")
    control_plane.kubectl(
        *wait, "--for=jsonpath={.rules[?(@.resources[0]=='authlyscopes')].verbs[0]}=create"
    )
    client = "authlyclients.authly.dev"
    assert may(control_plane, "alice", "create", client, "team-a")
    assert not may(control_plane, "alice", "create", "authlyservers.authly.dev", "team-a")
    assert may(control_plane, "bob", "get", client, "team-a")
    assert not may(control_plane, "bob", "create", client, "team-a")


@pytest.mark.usefixtures("everywhere")
def test_the_pods_satisfy_the_restricted_profile(
    control_plane: handle.Cluster, helm: Helm, apply: Apply
) -> None:
    control_plane.kubectl(
        "label",
        "--overwrite",
        "namespace/authly-system",
        "pod-security.kubernetes.io/enforce=restricted",
    )
    template = next(each for each in helm.render() if each["kind"] == "Deployment")["spec"][
        "template"
    ]
    metadata = {**template["metadata"], "name": "confined", "namespace": "authly-system"}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}
    assert "confined" in apply([pod], "--dry-run=server")

    loose = copy.deepcopy(pod)
    del loose["spec"]["containers"][0]["securityContext"]
    with pytest.raises(handle.CommandFailed, match="violates PodSecurity"):
        apply([loose], "--dry-run=server")
