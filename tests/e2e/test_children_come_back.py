"""Whatever is deleted or edited by hand around a server comes back, and the data with it."""

import json
from dataclasses import dataclass
from typing import Any

import jwt
import pytest
from tests.e2e import kube as kubes, surroundings
from tests.e2e.instance import Application, Instance, resource
from tests.e2e.kube import Object


REPLICAS = 2
SOON = 30.0
"""Seconds within which a child is back."""
BUCKET = {
    "bucket": "backups",
    "endpoint": "http://storage.invalid",
    "credentialsSecretRef": {"name": "nowhere"},
}
BACKUP = {"suspend": True, "destination": {"s3": BUCKET}}
CHILDREN = (
    ("deployment", "main"),
    ("service", "main"),
    ("service", "main-database"),
    ("secret", "main-credentials"),
    ("secret", "main-signing-keys"),
    ("secret", "web-oauth"),
    ("secret", "machine-oauth"),
    ("statefulset", "main-database"),
    ("configmap", "main-account-keys"),
    ("configmap", "main-config"),
    ("serviceaccount", "main"),
    ("networkpolicy", "main"),
    ("networkpolicy", "main-database"),
    ("networkpolicy", "main-jobs"),
    ("networkpolicy", "main-backup"),
    ("poddisruptionbudget", "main"),
    ("cronjob", "main-backup"),
    ("cronjob", "main-maintenance"),
)
GIVEN = ("clusterIP", "clusterIPs", "healthCheckNodePort")
"""What the API server chooses for each new Service."""


@dataclass(frozen=True)
class Before:
    """What was issued before anything was touched."""

    refresh_token: str
    access_token: str
    keys: list[Object]


@pytest.fixture(scope="module")
def before(instance: Instance) -> Before:
    """Tokens of a person, and the keys that check them."""
    instance.change({"backup": BACKUP})
    kube = instance.kube
    kube.wait_for("cronjob", "main-backup", instance.namespace, bool)
    kube.wait_ready(instance.namespace)
    tokens = instance.sign_in()
    keys = instance.get("/jwks").json()["keys"]
    return Before(tokens["refresh_token"], tokens["access_token"], keys)


def content(child: Object) -> Object:
    """What the operator wrote of an object."""
    metadata = {
        key: child["metadata"].get(key) for key in ("labels", "annotations", "ownerReferences")
    }
    for key in [key for key in metadata["annotations"] or {} if "kubernetes.io/" in key]:
        del metadata["annotations"][key]
    rest = {key: child[key] for key in child if key not in ("metadata", "status")}
    for key in GIVEN:
        rest.get("spec", {}).pop(key, None)
    return {**rest, "metadata": metadata}


def test_the_list_of_children_is_whole(before: Before, instance: Instance) -> None:
    kinds = "deploy,rs,sts,svc,secret,cm,sa,netpol,pdb,cronjob,ingress,role,rolebinding,pvc"
    chosen = "app.kubernetes.io/managed-by=authly-operator"
    found = instance.kube.select(kinds, instance.namespace, chosen)
    assert {(one["kind"].lower(), one["metadata"]["name"]) for one in found} == set(CHILDREN)


@pytest.mark.parametrize(("kind", "name"), CHILDREN)
def test_a_deleted_child_is_back_with_the_same_content(
    before: Before, instance: Instance, kind: str, name: str
) -> None:
    kube, place = instance.kube, instance.namespace
    was = kube.get(kind, name, place)
    kube.delete(kind, name, place, "--wait=false")

    def returned(child: Object) -> bool:
        return bool(child["metadata"]["uid"] != was["metadata"]["uid"])

    back = kube.wait_for(kind, name, place, returned, SOON)
    assert content(back) == content(was)


def test_a_deleted_migration_job_is_made_again_and_harms_nobody(
    before: Before, instance: Instance
) -> None:
    kube, place = instance.kube, instance.namespace
    (job,) = kube.select("job", place, "app.kubernetes.io/component=migration")
    pods = kubes.uids(surroundings.steady_pods(instance, REPLICAS))
    kube.delete("job", job["metadata"]["name"], place, "--wait=false")

    def succeeded(again: Object) -> bool:
        anew = again["metadata"]["uid"] != job["metadata"]["uid"]
        return bool(anew and again["status"].get("succeeded"))

    kube.wait_for("job", job["metadata"]["name"], place, succeeded, 60)
    kube.wait_ready(place)
    assert kubes.uids(instance.pods()) == pods


CONTAINER = "/spec/template/spec/containers/0"
EDITS: dict[tuple[str, str], dict[str, Any]] = {
    ("deployment", "main"): {
        "/spec/replicas": 1,
        f"{CONTAINER}/image": "docker.io/authly/server:other",
        f"{CONTAINER}/env": None,
        "/spec/template/metadata/annotations": None,
        "/metadata/ownerReferences": None,
    },
    ("statefulset", "main-database"): {"/spec/replicas": 0},
    ("service", "main"): {
        "/spec/ports/0/port": 8080,
        "/spec/ports/0/targetPort": 9000,
        "/spec/selector/app.kubernetes.io~1component": "database",
    },
    ("service", "main-database"): {"/spec/ports/0/port": 5433},
    ("configmap", "main-config"): {
        "/data/ISSUER": "https://elsewhere.example",
        "/data/ENVIRONMENT": None,
    },
    ("secret", "main-credentials"): {
        "/data/SECRET_KEY": "",
        "/data/OPERATOR_DATABASE_URL": None,
        "/metadata/labels": None,
    },
    ("secret", "main-signing-keys"): {"/data/keyring.json": ""},
    ("secret", "web-oauth"): {
        "/data/client_secret": "",
        "/data/token_endpoint": "aHR0cHM6Ly9lbHNld2hlcmU=",
        "/metadata/labels": None,
    },
    ("secret", "machine-oauth"): {"/data": None},
    ("serviceaccount", "main"): {
        "/automountServiceAccountToken": True,
        "/metadata/labels": None,
    },
    ("networkpolicy", "main"): {"/spec/podSelector": {}},
    ("networkpolicy", "main-database"): {"/spec/ingress/0/from": None},
    ("networkpolicy", "main-jobs"): {"/spec/policyTypes": ["Ingress"]},
    ("poddisruptionbudget", "main"): {"/spec/selector": {}},
    ("cronjob", "main-maintenance"): {"/spec/schedule": "* * * * *"},
    ("cronjob", "main-backup"): {"/spec/suspend": False},
}
"""By kind and name: a value by its place (a JSON pointer), None where it is removed."""


def step(path: str, value: Any) -> Object:
    """One operation of a JSON patch (RFC 6902)."""
    if value is None:
        return {"op": "remove", "path": path}
    return {"op": "replace", "path": path, "value": value}


@pytest.mark.parametrize(("kind", "name"), EDITS)
def test_an_edit_by_hand_is_put_back(
    before: Before, instance: Instance, kind: str, name: str
) -> None:
    kube, place = instance.kube, instance.namespace
    was = content(kube.get(kind, name, place))
    patch = json.dumps([step(path, value) for path, value in EDITS[kind, name].items()])
    kube.run("patch", kind, name, "-n", place, "--type=json", "-p", patch)
    kube.wait_for(kind, name, place, lambda child: content(child) == was, SOON)


def test_nothing_of_it_cost_a_token_a_key_or_a_password(before: Before, instance: Instance) -> None:
    instance.kube.wait_ready(instance.namespace)
    assert instance.get("/jwks").json()["keys"] == before.keys
    assert claims(before.access_token, before.keys)["iss"] == instance.issuer
    assert instance.introspect(before.access_token)["active"] is True
    assert instance.refresh(before.refresh_token)["access_token"]
    assert instance.token()["access_token"]
    assert instance.sign_in()["access_token"]


def claims(token: str, keys: list[Object]) -> Object:
    """What an access token says; its signature is checked, by one of the keys."""
    found: Object = jwt.decode(
        token,
        jwt.PyJWKSet.from_dict({"keys": keys})[jwt.get_unverified_header(token)["kid"]],
        algorithms=["ES256"],
        options={"verify_aud": False},
    )
    return found


def test_a_stranger_of_a_child_s_name_is_told_of_and_left_alone(instance: Instance) -> None:
    kube, place = instance.kube, instance.namespace
    stranger = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "second-config", "namespace": place},
        "data": {"of": "somebody else"},
    }
    spec = {
        "issuer": "https://second.example",
        "replicas": 0,
        "database": {"managed": {"storage": {"size": "1Gi"}}},
        "deletionPolicy": "Delete",
    }
    kube.apply(stranger, resource("AuthlyServer", "second", place, spec))
    told = kube.wait_for("authlyserver", "second", place, kubes.is_current, 30)
    ready = kubes.condition(told, "Ready")
    assert (ready["status"], ready["reason"]) == ("False", "ApplyFailed")
    assert ready["message"] == (
        "the API server refused: ConfigMap second-config: ConfigMap second-config exists and was"
        " not made by authly-operator: rename or delete it"
    )
    assert kube.get("configmap", "second-config", place)["data"] == stranger["data"]
    kube.delete("configmap", "second-config", place)

    def healed(server: Object) -> bool:
        return bool(kubes.condition(server, "Ready")["reason"] != "ApplyFailed")

    kube.wait_for("authlyserver", "second", place, healed, 30)
    ours = kube.get("configmap", "second-config", place)
    assert ours["data"]["ISSUER"] == "https://second.example"
    kube.delete("authlyserver", "second", place, "--wait=false")


SECRETS = ("main-credentials", "main-signing-keys", "web-oauth", "machine-oauth")


def test_secrets_lost_while_nobody_watches_are_drawn_anew_and_the_data_is_kept(
    before: Before, instance: Instance
) -> None:
    kube, place = instance.kube, instance.namespace
    email, password = instance.administrator
    lost = {name: kube.secret(name, place) for name in SECRETS}
    with surroundings.without_operator(kube):
        kube.run("delete", "secret", *SECRETS, "-n", place)
    for name in SECRETS:
        kube.wait_for("secret", name, place, bool, 30)
    drawn = {name: kube.secret(name, place) for name in SECRETS}
    assert (
        drawn["main-credentials"]["postgres-password"]
        != (lost["main-credentials"]["postgres-password"])
    )
    assert drawn["web-oauth"]["client_id"] == lost["web-oauth"]["client_id"]
    assert drawn["web-oauth"]["client_secret"] != lost["web-oauth"]["client_secret"]

    kube.wait_until(
        "tokens for the new secrets",
        lambda: surroundings.gets_a_token(instance, instance.machine),
        120,
        namespace=place,
    )
    kube.wait_ready(place)
    del instance.administrator
    assert instance.administrator[0] == email  # the user of before, and the consent
    assert instance.administrator[1] != password
    assert instance.sign_in()["access_token"]
    old = Application(lost["machine-oauth"]["client_id"], lost["machine-oauth"]["client_secret"])
    assert surroundings.gets_a_token(instance, old), "its pods may have it for a while yet"
    kube.patch("authlyclient", "machine", place, {"spec": {"rotation": {"overlap": "0s"}}})
    kube.wait_until(
        "the old secret to be refused",
        lambda: not surroundings.gets_a_token(instance, old),
        60,
        namespace=place,
    )
