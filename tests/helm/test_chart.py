"""What the chart renders for every way of setting it, and what it refuses to render."""

import json
from pathlib import Path
from typing import Any, Protocol

import pytest
import yaml

from authly_operator import settings
from cluster import handle


pytestmark = pytest.mark.control_plane

CHART = Path(__file__).resolve().parents[2] / "helm" / "authly-operator"
SETS: dict[str, tuple[str, ...]] = {
    "the defaults": (),
    "two replicas": ("--set", "replicas=2"),
    "two namespaces": ("--set", "watch.namespaces={team-a,team-b}"),
    "nothing optional": (
        "--set=crds.install=false,rbac.create=false,rbac.aggregateClusterRoles=false",
        "--set=serviceAccount.create=false,networkPolicy.enabled=false",
    ),
    "a service monitor": (
        "--set=metrics.serviceMonitor.enabled=true,metrics.serviceMonitor.labels.release=prometheus",
    ),
    "everything for the pods": (
        "--set=image.digest=sha256:" + 64 * "a" + ",imagePullSecrets[0].name=registry",
        "--set=podLabels.team=identity,podAnnotations.note=x,priorityClassName=system-node-critical",
        "--set=nodeSelector.disk=ssd,tolerations[0].operator=Exists",
        "--set=extraEnv[0].name=HTTPS_PROXY,extraEnv[0].value=http://proxy:3128",
        '--set-json=affinity={"nodeAffinity":{}}',
        "--set=replicas=2,podDisruptionBudget.enabled=false",
    ),
    "other names": (
        "--set=serviceAccount.name=robot,serviceAccount.annotations.note=x,leaseName=other",
        "--set=server.image=registry.example.com/authly/server:9,database.image=example.com/pg:15,redis.image=example.com/redis:7",
        "--set=crds.keep=false,logLevel=Debug",
    ),
    "policies": (
        '--set-json=networkPolicy.metricsFrom=[{"namespaceSelector":{}}]',
        "--set=networkPolicy.egressPorts={443,5433}",
    ),
}
REFUSED = {
    "replica=2": "'replica' not allowed",
    "replicas=-1": "/replicas",
    "watch.namespaces=team-a": "/watch/namespaces",
    "watch.namespaces={Team_A}": "'Team_A' does not match",
    "logLevel=info": "one of 'Debug', 'Info', 'Warning', 'Error'",
    "image.digest=latest": "/image/digest",
    "image.pullPolicy=Sometimes": "/image/pullPolicy",
    "server.image=authly/server": "/server/image",
    "database.image=": "/database/image",
    "redis.image=": "/redis/image",
    "crds.instal=true": "'instal' not allowed",
    "resources.request.cpu=1": "'request' not allowed",
    "networkPolicy.egressPorts={99999}": "/networkPolicy/egressPorts/0",
    "extraEnv[0].value=x": "missing property 'name'",
}

Documents = list[dict[str, Any]]


class Helm(Protocol):
    def lint(self, *arguments: str) -> str: ...
    def render(self, *arguments: str) -> Documents: ...


class Apply(Protocol):
    def __call__(self, documents: Documents, *arguments: str) -> str: ...


def of(documents: Documents, kind: str) -> Documents:
    return [document for document in documents if document["kind"] == kind]


def pod_of(documents: Documents) -> dict[str, Any]:
    template: dict[str, Any] = of(documents, "Deployment")[0]["spec"]["template"]
    return template


def environment(documents: Documents) -> dict[str, Any]:
    entries = pod_of(documents)["spec"]["containers"][0]["env"]
    return {entry["name"]: entry.get("value", entry.get("valueFrom")) for entry in entries}


@pytest.mark.parametrize("name", SETS)
def test_every_set_of_values_passes_lint(helm: Helm, name: str) -> None:
    assert "0 chart(s) failed" in helm.lint(*SETS[name])


@pytest.mark.parametrize("name", SETS)
def test_an_api_server_accepts_every_set_of_values(helm: Helm, apply: Apply, name: str) -> None:
    documents = [each for each in helm.render(*SETS[name]) if each["kind"] != "ServiceMonitor"]
    accepted = apply(documents, "--dry-run=server").splitlines()
    assert len(accepted) == len(documents)
    assert all(line.endswith("(server dry run)") for line in accepted)


@pytest.mark.parametrize("setting", REFUSED)
def test_a_wrong_value_is_refused_by_name(helm: Helm, setting: str) -> None:
    with pytest.raises(handle.CommandFailed) as refused:
        helm.render("--set", setting)
    assert REFUSED[setting] in str(refused.value)


def undescribed(schema: dict[str, Any], path: str = "") -> list[str]:
    found = [] if "description" in schema else [path]
    for name, part in schema.get("properties", {}).items():
        found += undescribed(part, f"{path}.{name}")
    return found


def test_the_schema_explains_every_value_and_each_is_in_the_file() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    assert undescribed(schema) == []
    assert set(schema["properties"]) - {"global"} == set(values)


def test_a_second_replica_brings_a_budget_and_another_node(helm: Helm) -> None:
    alone, pair = helm.render(), helm.render(*SETS["two replicas"])
    assert not of(alone, "PodDisruptionBudget")
    assert "affinity" not in pod_of(alone)["spec"]
    assert of(pair, "PodDisruptionBudget")[0]["spec"]["maxUnavailable"] == 1
    assert "podAntiAffinity" in pod_of(pair)["spec"]["affinity"]


def test_the_operator_is_told_its_settings(helm: Helm) -> None:
    told = environment(helm.render(*SETS["other names"], *SETS["two namespaces"]))
    assert told == {
        "AUTHLY_NAMESPACES": "team-a,team-b",
        "AUTHLY_OPERATOR_NAMESPACE": {"fieldRef": {"fieldPath": "metadata.namespace"}},
        "AUTHLY_POD_NAME": {"fieldRef": {"fieldPath": "metadata.name"}},
        "AUTHLY_LEASE_NAME": "other",
        "AUTHLY_SERVER_IMAGE": "registry.example.com/authly/server:9",
        "AUTHLY_DATABASE_IMAGE": "example.com/pg:15",
        "AUTHLY_REDIS_IMAGE": "example.com/redis:7",
        "AUTHLY_RESTART_CONSUMERS": "false",
        "AUTHLY_LOG_LEVEL": "debug",
    }


def test_workloads_of_others_may_be_restarted_only_where_that_is_switched_on(helm: Helm) -> None:
    def rules(*arguments: str) -> list[Any]:
        roles = of(helm.render(*arguments), "ClusterRole")
        found = [rule for role in roles for rule in role["rules"]]
        return [rule for rule in found if "daemonsets" in rule["resources"]]

    assert rules() == []
    allowed = "--set=rolloutTargets.enabled=true"
    (rule,) = rules(allowed)
    assert rule["resources"] == ["daemonsets", "deployments", "statefulsets"]
    assert rule["verbs"] == ["get", "patch"]
    assert environment(helm.render())["AUTHLY_RESTART_CONSUMERS"] == "false"
    assert environment(helm.render(allowed))["AUTHLY_RESTART_CONSUMERS"] == "true"


def test_the_operator_understands_every_setting_that_it_is_told(helm: Helm) -> None:
    told = environment(helm.render(*SETS["other names"], *SETS["two namespaces"]))
    text = {
        name: value if isinstance(value, str) else "from-the-pod" for name, value in told.items()
    }
    assert {settings.PREFIX + name.upper() for name in settings.Settings.model_fields} >= set(told)
    assert settings.load(text).namespaces == ("team-a", "team-b")


def test_the_operator_runs_the_image_of_its_own_version(helm: Helm) -> None:
    documents = helm.render()
    told = environment(documents)
    container = pod_of(documents)["spec"]["containers"][0]
    assert container["image"] == "docker.io/authly/operator:0.1.0"
    assert told["AUTHLY_SERVER_IMAGE"] == "docker.io/authly/server:0.1.0"
    assert told["AUTHLY_NAMESPACES"] == ""


def test_a_digest_goes_before_the_tag(helm: Helm) -> None:
    documents = helm.render(*SETS["everything for the pods"])
    image = pod_of(documents)["spec"]["containers"][0]["image"]
    assert image == "docker.io/authly/operator@sha256:" + 64 * "a"


def test_optional_definitions_are_used_only_where_asked(helm: Helm) -> None:
    assert not of(helm.render(), "ServiceMonitor")
    monitor = of(helm.render(*SETS["a service monitor"]), "ServiceMonitor")[0]
    service = of(helm.render(), "Service")[0]
    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    selected = monitor["spec"]["selector"]["matchLabels"].items()
    assert selected <= service["metadata"]["labels"].items()


def test_definitions_are_kept_unless_that_is_turned_off(helm: Helm) -> None:
    policy = "helm.sh/resource-policy"
    kept = of(helm.render(), "CustomResourceDefinition")
    assert len(kept) == len(list(CHART.glob("../../crds/*.yaml")))
    assert all(crd["metadata"]["annotations"] == {policy: "keep"} for crd in kept)
    let_go = of(helm.render("--set", "crds.keep=false"), "CustomResourceDefinition")
    assert len(let_go) == len(kept)
    assert not any(crd["metadata"].get("annotations") for crd in let_go)
