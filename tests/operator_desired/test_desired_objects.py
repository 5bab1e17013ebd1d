"""Single properties of single objects that a golden file shows but does not explain."""

import base64
from typing import Any

import pytest
from tests.operator_desired import plans

from authly_operator import desired
from authly_operator.desired import client_secret, quantity, url
from authly_operator.desired.plan import Plan
from authly_operator.material import Material
from authly_operator.observed import Identity, Manifest, SecretData


def one(plan: Plan, kind: str, name: str = "main") -> Manifest:
    found = {(m["kind"], m["metadata"]["name"]): m for m in plans.everything(plan)}
    return found[(kind, name)]


def pod(plan: Plan, kind: str = "Deployment", name: str = "main") -> Any:
    return one(plan, kind, name)["spec"]["template"]


@pytest.mark.parametrize(("policy", "owned"), [("Retain", False), ("Delete", True)])
@pytest.mark.parametrize("name", ["main-credentials", "main-signing-keys"])
def test_secrets_go_with_the_server_only_where_the_data_does(
    policy: str, owned: bool, name: str
) -> None:
    plan = plans.plan({**plans.MINIMAL, "deletionPolicy": policy})
    retention = one(plan, "StatefulSet", "main-database")["spec"][
        "persistentVolumeClaimRetentionPolicy"
    ]

    assert ("ownerReferences" in one(plan, "Secret", name)["metadata"]) is owned
    assert retention["whenDeleted"] == policy


def test_every_other_child_belongs_to_its_server() -> None:
    for manifest in plans.everything(plans.plan(plans.FULL)):
        (owner,) = manifest["metadata"]["ownerReferences"]
        assert (owner["uid"], owner["controller"]) == ("uid-of-main", True)


def test_pods_and_jobs_of_cronjobs_are_never_taken_for_children() -> None:
    spec = one(plans.plan(), "CronJob", "main-maintenance")["spec"]["jobTemplate"]

    assert "app.kubernetes.io/managed-by" not in spec["metadata"]["labels"]
    assert "app.kubernetes.io/managed-by" not in spec["spec"]["template"]["metadata"]["labels"]


def test_the_volume_claim_of_an_observed_database_stays() -> None:
    claim = {"resources": {"requests": {"storage": "7Gi"}}, "storageClassName": "slow"}
    plan = plans.with_database(plans.plan(plans.FULL))
    seen = plan.seen.children["StatefulSet", "main-database"]
    spec = {**seen["spec"], "volumeClaimTemplates": [{"spec": claim}]}
    plan = plans.with_children(plan, {**seen, "spec": spec})

    database = next(m for m in desired.manifests(plan) if m["kind"] == "StatefulSet")
    (kept,) = database["spec"]["volumeClaimTemplates"]

    assert kept["spec"] == {"accessModes": ["ReadWriteOnce"], **claim}


def test_another_superuser_password_restarts_the_database_and_nothing_else_does() -> None:
    before = pod(plans.plan(), "StatefulSet", "main-database")
    drawn = plans.plan().material.credentials
    changed = {"main-credentials": SecretData({**drawn, "postgres-password": "another"})}
    other = {"main-credentials": SecretData({**drawn, "SECRET_KEY": "x" * 40})}

    assert pod(plans.plan(secrets=changed), "StatefulSet", "main-database") != before
    assert pod(plans.plan(secrets=other), "StatefulSet", "main-database") == before


@pytest.mark.parametrize("key", ["SECRET_KEY", "JWT_REFRESH_SECRET_KEY", "server-password"])
def test_what_a_server_reads_at_its_start_restarts_it(key: str) -> None:
    drawn = plans.plan().material.credentials
    changed = {"main-credentials": SecretData({**drawn, key: "changed" * 6})}

    assert plans.plan(secrets=changed).config_hash != plans.plan().config_hash


@pytest.mark.parametrize("key", ["JWT_SECRET_KEY", "ADMIN_PASSWORD", "postgres-password"])
def test_what_a_server_is_not_given_does_not_restart_it(key: str) -> None:
    drawn = plans.plan().material.credentials
    changed = {"main-credentials": SecretData({**drawn, key: "changed" * 6})}

    assert plans.plan(secrets=changed).config_hash == plans.plan().config_hash


def test_a_changed_setting_restarts_the_server_and_a_new_key_ring_does_not() -> None:
    plan = plans.plan()
    changed = plans.plan({**plans.MINIMAL, "oauth": {"requireConsent": False}})
    rotated = Plan(
        spec=plan.spec,
        seen=plan.seen,
        now=plan.now,
        material=Material(plan.material.credentials, '{"keys": []}'),
    )

    assert changed.config_hash != plan.config_hash
    assert rotated.config_hash == plan.config_hash


def test_the_restart_annotation_of_the_server_reaches_its_pods() -> None:
    identity = Identity(
        name="main",
        namespace="auth",
        uid="u",
        generation=1,
        annotations={"authly.dev/restart-at": "2026-03-01", "unrelated": "x"},
    )
    annotations = pod(plans.plan(identity=identity))["metadata"]["annotations"]

    assert annotations["authly.dev/restart-at"] == "2026-03-01"
    assert "unrelated" not in annotations


def test_a_shared_secret_needs_no_key_ring_and_a_key_ring_no_shared_secret() -> None:
    ring, shared = (pod(plans.plan(spec))["spec"] for spec in (plans.MINIMAL, plans.EXTERNAL))

    def given(spec: Any) -> set[str]:
        return {variable["name"] for variable in spec["containers"][0]["env"]}

    assert "JWT_SECRET_KEY" not in given(ring)
    assert "JWT_SECRET_KEY" in given(shared)
    assert [v["name"] for v in shared["volumes"]] == ["tmp", "account-keys"]
    assert [v["name"] for v in ring["volumes"]] == ["tmp", "keys", "account-keys"]


def test_an_ingress_publishes_nothing_but_oauth() -> None:
    hidden = {**plans.FULL["ingress"], "exposeMetrics": False, "exposeAdmin": False}
    spec = one(plans.plan({**plans.FULL, "ingress": hidden, "oauth": {}}), "Ingress")["spec"]
    paths = spec["rules"][0]["http"]["paths"]

    assert {path["pathType"] for path in paths} == {"Exact"}
    assert not any("metrics" in p["path"] or "admin" in p["path"] for p in paths)
    assert not any(p["path"].startswith("/health") or p["path"] == "/" for p in paths)
    assert spec["tls"] == [{"hosts": ["auth.example.com"], "secretName": "main-tls"}]


def test_an_ingress_publishes_registration_and_metrics_where_the_spec_says_so() -> None:
    plan = plans.plan(plans.FULL)
    paths = one(plan, "Ingress")["spec"]["rules"][0]["http"]["paths"]
    found = {path["path"]: path for path in paths}

    assert found["/tenant/register"]["pathType"] == "Prefix"
    assert found["/metrics"]["backend"]["service"] == {
        "name": "main-metrics",
        "port": {"number": 9000},
    }
    assert not any("/device" in path for path in found)
    assert ("Service", "main-metrics") in {
        (each["kind"], each["metadata"]["name"]) for each in plans.everything(plan)
    }


def test_a_certificate_issuer_of_the_namespace_is_another_annotation() -> None:
    tls = {"secretName": "mine", "issuerRef": {"name": "ca", "kind": "Issuer"}}
    ingress = {"enabled": True, "host": "auth.example.com", "tls": tls}
    made = one(plans.plan({**plans.MINIMAL, "ingress": ingress}), "Ingress")

    assert made["metadata"]["annotations"] == {"cert-manager.io/issuer": "ca"}
    assert made["spec"]["tls"][0]["secretName"] == "mine"
    assert "ingressClassName" not in made["spec"]


def test_a_default_request_yields_to_a_limit_below_it() -> None:
    spec = {**plans.MINIMAL, "resources": {"limits": {"memory": "64Mi"}}}
    (container,) = pod(plans.plan(spec))["spec"]["containers"]

    assert container["resources"] == {"requests": {"cpu": "100m"}, "limits": {"memory": "64Mi"}}


def test_parameters_are_not_expanded_by_kubernetes() -> None:
    (container,) = pod(plans.plan(plans.FULL), "StatefulSet", "main-database")["spec"]["containers"]

    assert "log_line_prefix=$$(PGDATA) %m" in container["args"]
    assert "shared_buffers=256MB" in container["args"]
    assert "shared_buffers=128MB" not in container["args"]


def test_a_backup_name_fits_whatever_the_namespace() -> None:
    identity = Identity(name="m" * 40, namespace="n" * 63, uid="u", generation=1)
    backup = {"destination": {"persistentVolumeClaim": {"claimName": "dumps"}}}
    plan = plans.plan({**plans.MINIMAL, "backup": backup}, identity=identity)
    job = one(plan, "CronJob", f"{'m' * 40}-backup")["spec"]["jobTemplate"]["spec"]
    env = job["template"]["spec"]["containers"][0]["env"]
    (name,) = (v["value"] for v in env if v["name"] == "BACKUP_NAME")

    assert len(name) == 100
    assert name.endswith("." + "m" * 40)


def test_a_policy_for_backups_opens_the_port_of_the_bucket() -> None:
    policy = one(plans.plan(plans.FULL), "NetworkPolicy", "main-backup")

    assert policy["spec"]["egress"] == [{"ports": [{"port": 9000, "protocol": "TCP"}]}]


@pytest.mark.parametrize("spec", plans.SPECS.values(), ids=plans.SPECS)
def test_only_replicas_reach_the_hosts_that_clients_name(spec: dict[str, Any]) -> None:
    plan = plans.plan(spec)
    https = {"ports": [{"port": 443, "protocol": "TCP"}]}

    assert https in one(plan, "NetworkPolicy")["spec"]["egress"]
    assert https not in one(plan, "NetworkPolicy", "main-jobs")["spec"]["egress"]


def test_the_operator_reaches_the_database_by_its_namespace() -> None:
    policy = one(plans.plan(), "NetworkPolicy", "main-database")
    (rule,) = policy["spec"]["ingress"]

    assert {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "authly-system"}}
    } in rule["from"]
    assert policy["spec"]["egress"] == []


def test_a_clients_secret_never_lets_a_template_hide_whose_it_is() -> None:
    labels = {"app.kubernetes.io/managed-by": "me", "team": "shop"}
    spec = plans.client(secretTemplate={"labels": labels})
    made = client_secret.build(spec, plans.CLIENT_IDENTITY, plans.server_view(), "acs_s")

    assert made["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "authly-operator"
    assert made["metadata"]["labels"]["team"] == "shop"
    assert base64.b64decode(made["data"]["client_secret"]) == b"acs_s"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1000m", "1"), ("0.1", "100m"), (2, "2"), ("1500m", "1500m"), ("0", "0"),
        ("1024Mi", "1Gi"), ("1.5Gi", "1536Mi"), ("1000", "1k"), ("0.5Ki", "512"),
        ("1Ki", "1Ki"), ("1100M", "1100M"), ("1000M", "1G"), ("100u", "1m"), ("1e3", "1e3"),
        ("-1", "-1"), ("lots", "lots"), ("", ""),
    ],
)  # fmt: skip
def test_a_quantity_is_spelled_as_the_api_server_does(text: int | str, expected: str) -> None:
    assert quantity.canonical(text) == expected


@pytest.mark.parametrize(
    ("text", "ports"),
    [
        ("postgresql://u:p@h/d", [5432]),
        ("postgresql://u:p%40@h:6432/d?x=y", [6432]),
        ("postgresql://u:p@[::1]/d", [5432]),
        ("postgresql://u:p@[::1]:7/d", [7]),
        ("postgresql://u:p@a:1,b:2,c/d", [1, 2, 5432]),
        ("nothing", [5432]),
    ],
)
def test_the_ports_of_a_database_are_read_from_its_url(text: str, ports: list[int]) -> None:
    assert url.ports(text, 5432) == ports


def test_only_those_whom_the_spec_names_and_the_operator_reach_a_server() -> None:
    made = plans.everything(plans.plan(plans.EXTERNAL))
    (policy,) = (
        each
        for each in made
        if each["kind"] == "NetworkPolicy" and each["metadata"]["name"] == "main"
    )
    oauth, metrics = policy["spec"]["ingress"]

    assert oauth["from"] == [
        {"namespaceSelector": {"matchLabels": {"team": "edge"}}, "podSelector": {}},
        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "authly-system"}}},
    ]
    assert metrics["from"] == [{"ipBlock": {"cidr": "10.0.0.0/8"}}]
