"""What the operator may do, asked of a real API server, and how its pods are confined."""

import copy
import json
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import pytest
from tests.helm import access_reviews
from tests.helm.access_reviews import Questions

from cluster import handle


pytestmark = pytest.mark.control_plane

ACCOUNT = "system:serviceaccount:authly-system:authly-authly-operator"
RBAC = {
    "Role",
    "RoleBinding",
    "ClusterRole",
    "ClusterRoleBinding",
    "ServiceAccount",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
}
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
    "horizontalpodautoscalers.autoscaling",
    "httproutes.gateway.networking.k8s.io",
    "servicemonitors.monitoring.coreos.com",
    "prometheusrules.monitoring.coreos.com",
)
NEEDED = [
    *(
        (verb, child)
        for child in CHILDREN
        for verb in ("get", "list", "watch", "create", "patch", "delete")
    ),
    *(
        (verb, f"{kind}.authly.dev")
        for kind in (
            "authlyservers",
            "authlyscopes",
            "authlyclients",
            "authlybackups",
            "authlyrestores",
        )
        for verb in ("get", "list", "watch")
    ),
    ("create", "authlybackups.authly.dev"),
    ("delete", "authlybackups.authly.dev"),
    ("patch", "authlyservers.authly.dev"),
    ("patch", "authlyrestores.authly.dev"),
    ("patch", "authlyscopes.authly.dev"),
    ("patch", "authlyclients.authly.dev"),
    ("patch", "authlyservers.authly.dev/status"),
    ("patch", "authlyclients.authly.dev/status"),
    *(
        (verb, "clusters.postgresql.cnpg.io")
        for verb in ("get", "list", "watch", "create", "patch")
    ),
    ("get", "persistentvolumeclaims"),
    ("patch", "persistentvolumeclaims"),
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
    ("delete", "clusters.postgresql.cnpg.io"),
    ("delete", "persistentvolumeclaims"),
    ("create", "serviceaccounts/token"),
    ("delete", "authlyservers.authly.dev"),
    ("create", "authlyservers.authly.dev"),
    ("create", "authlyrestores.authly.dev"),
]

RELEASED = '{"metadata":{"finalizers":null}}'
Documents = list[dict[str, Any]]


class Helm(Protocol):
    def render(self, *arguments: str) -> Documents: ...


class Ask(Protocol):
    def __call__(self, who: str, asked: Questions, namespace: str) -> Questions: ...


class Apply(Protocol):
    def __call__(self, documents: Documents, *arguments: str) -> str: ...


@pytest.fixture
def ask(control_plane: handle.Cluster, tmp_path: Path) -> Ask:
    return partial(access_reviews.allowed, control_plane, tmp_path / "reviews.json")


def install(cluster: handle.Cluster, documents: Documents, directory: Path) -> Iterator[None]:
    """The chart's rights and nothing else of it, for as long as a test takes."""
    path = directory / "rights.json"
    items = [document for document in documents if document["kind"] in RBAC]
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    cluster.kubectl("apply", "--server-side", "-f", str(path))
    yield
    cluster.kubectl("delete", "--ignore-not-found", "--wait=false", "-f", str(path))


@pytest.fixture
def everywhere(
    control_plane: handle.Cluster, definitions: None, helm: Helm, tmp_path: Path
) -> Iterator[None]:
    yield from install(control_plane, helm.render(), tmp_path)


@pytest.fixture
def two_namespaces(
    control_plane: handle.Cluster, definitions: None, helm: Helm, tmp_path: Path
) -> Iterator[None]:
    documents = helm.render("--set", "watch.namespaces={team-a,team-b}")
    yield from install(control_plane, documents, tmp_path)


@pytest.mark.usefixtures("two_namespaces")
def test_an_operator_of_two_namespaces_can_do_its_work_there(ask: Ask) -> None:
    needed = [*NEEDED, ("get", "namespaces")]
    assert ask(ACCOUNT, needed, "team-a") == needed


@pytest.mark.usefixtures("two_namespaces")
def test_an_operator_of_two_namespaces_reaches_nothing_elsewhere(ask: Ask) -> None:
    children = [(verb, child) for verb, child in NEEDED if child in CHILDREN]
    registered = "authlyclients.authly.dev"
    own = [(verb, registered) for verb in ("list", "watch", "create", "delete")]
    assert ask(ACCOUNT, [*children, *own, ("list", "namespaces")], "default") == []


def client(namespace: str) -> dict[str, Any]:
    return {
        "apiVersion": "authly.dev/v1alpha1",
        "kind": "AuthlyClient",
        "metadata": {
            "name": "c",
            "namespace": namespace,
            "finalizers": ["authly.dev/registration"],
        },
        "spec": {"serverRef": {"name": "main"}, "grantTypes": ["client_credentials"]},
    }


def release(cluster: handle.Cluster, namespace: str) -> str:
    """Take the finalizer off as the operator, and answer what the API server said."""
    patch = ("patch", "authlyclient", "c", "-n", namespace, "--type=merge", "--as", ACCOUNT)
    try:
        return cluster.kubectl(*patch, "-p", RELEASED)
    except handle.CommandFailed as failed:
        return str(failed)


@pytest.mark.usefixtures("two_namespaces")
def test_a_client_is_released_where_the_namespaces_role_went_first_and_nowhere_else(
    control_plane: handle.Cluster, apply: Apply
) -> None:
    for namespace in ("team-a", "default"):
        apply([client(namespace)])
    control_plane.kubectl("delete", "role", "authly-authly-operator", "-n", "team-a")
    deadline = time.monotonic() + 90  # a new policy holds after a moment
    while "may write only in team-a, team-b" not in (answer := release(control_plane, "default")):
        assert time.monotonic() < deadline, answer
        apply([client("default")])
    assert release(control_plane, "team-a").endswith("patched\n")
    for namespace in ("team-a", "default"):
        control_plane.kubectl(
            "patch", "authlyclient", "c", "-n", namespace, "--type=merge", "-p", RELEASED
        )
        control_plane.kubectl("delete", "authlyclient", "c", "-n", namespace)


@pytest.mark.usefixtures("everywhere")
def test_an_operator_of_the_whole_cluster_can_do_its_work(ask: Ask) -> None:
    assert ask(ACCOUNT, NEEDED, "team-b") == NEEDED


@pytest.mark.usefixtures("everywhere")
def test_even_an_operator_of_the_whole_cluster_cannot_raise_its_own_rights(ask: Ask) -> None:
    assert ask(ACCOUNT, NEVER, "team-a") == []


@pytest.mark.usefixtures("everywhere")
def test_leases_are_touched_in_the_operators_own_namespace_only(ask: Ask) -> None:
    lease = "leases.coordination.k8s.io"
    own = [("create", lease), ("update", f"{lease}:authly-authly-operator")]
    assert ask(ACCOUNT, [*own, ("update", f"{lease}:another")], "authly-system") == own
    assert ask(ACCOUNT, own, "kube-system") == []


def test_the_namespaced_form_may_read_no_secret_of_the_whole_cluster(helm: Helm) -> None:
    documents = helm.render("--set", "watch.namespaces={team-a}")
    wide = [document for document in documents if document["kind"] == "ClusterRole"]
    rules = [rule for role in wide for rule in role["rules"]]
    assert {group for rule in rules for group in rule["apiGroups"]} == {"authly.dev", ""}
    core = [rule for rule in rules if rule["apiGroups"] == [""]]
    assert core == [{"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get"]}]


def test_no_rule_has_a_wildcard(helm: Helm) -> None:
    for arguments in ((), ("--set", "watch.namespaces={team-a}")):
        for document in helm.render(*arguments):
            for rule in document.get("rules", ()):
                assert "*" not in [*rule["verbs"], *rule["resources"], *rule["apiGroups"]]


@pytest.mark.usefixtures("everywhere")
def test_who_may_edit_a_namespace_registers_clients_there(
    control_plane: handle.Cluster, apply: Apply, ask: Ask
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
    kinds = ("authlyclients.authly.dev", "authlyservers.authly.dev")
    asked = [(verb, kind) for verb in ("get", "create") for kind in kinds]
    read = [("get", kind) for kind in kinds]
    assert ask("alice", asked, "team-a") == [*read, ("create", "authlyclients.authly.dev")]
    assert ask("bob", asked, "team-a") == read


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
