"""spec.podTemplate and its neighbours: what is added to pods, and what cannot be taken away."""

from typing import Any

import pytest
from tests.operator_desired import plans

from authly_operator import naming
from authly_operator.api import environment
from authly_operator.desired import account_keys, config, deployment
from authly_operator.observed import Manifest


def pod(**fields: Any) -> Any:
    """The replicas' pod template of a small server with these fields."""
    plan = plans.plan({**plans.MINIMAL, **fields})
    return deployment.build(plan)["spec"]["template"]


def container(template: Any, name: str = "serve") -> Any:
    return next(one for one in template["spec"]["containers"] if one["name"] == name)


def patched(**serve: Any) -> Any:
    """The server's own container with a patch."""
    return container(pod(podTemplate={"containers": [{"name": "serve", **serve}]}))


def test_a_mount_is_added_beside_those_of_the_operator_and_replaces_one_of_the_same_path() -> None:
    mounts = [{"name": "ca", "mountPath": "/ca"}, {"name": "big", "mountPath": "/tmp"}]  # noqa: S108

    found = {one["mountPath"]: one["name"] for one in patched(volumeMounts=mounts)["volumeMounts"]}
    given = {config.KEYS_DIRECTORY: "keys", account_keys.DIRECTORY: "account-keys"}

    assert found == {**given, "/tmp": "big", "/ca": "ca"}  # noqa: S108


def test_a_field_of_an_object_is_changed_alone_and_null_takes_one_away() -> None:
    stop = {"preStop": {"sleep": None, "exec": {"command": ["sleep", "9"]}}}

    found = patched(readinessProbe={"periodSeconds": 7}, lifecycle=stop)

    assert found["readinessProbe"] == {
        **container(pod())["readinessProbe"],
        "periodSeconds": 7,
    }
    assert found["lifecycle"] == {"preStop": {"exec": {"command": ["sleep", "9"]}}}


def test_no_patch_takes_a_containers_confinement_away() -> None:
    """The schema refuses it; a resource that was stored under other rules gains nothing either."""
    free = {"securityContext": {"privileged": True, "capabilities": {"add": ["ALL"]}}}
    beside = {"name": "beside", "image": "other:1", **free}

    template = pod(
        podTemplate={"containers": [{"name": "serve", **free}, beside], "initContainers": [beside]}
    )

    confined = container(pod())["securityContext"]
    everywhere = [*template["spec"]["containers"], *template["spec"]["initContainers"]]
    assert [one["securityContext"] for one in everywhere] == [confined] * 3


def test_labels_and_annotations_of_the_operator_stay() -> None:
    ours, selected = pod(), naming.selector("main", naming.Component.SERVER)
    patch = {
        "labels": {**dict.fromkeys(selected, "other"), "team": "a"},
        "annotations": {naming.CONFIG_HASH_ANNOTATION: "0", "note": "mine"},
    }

    found = pod(podTemplate=patch)["metadata"]

    assert found["labels"] == {**selected, "team": "a"}
    assert found["annotations"]["note"] == "mine"
    assert set(found["annotations"]) == {*ours["metadata"]["annotations"], "note"}


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ({}, "authly/server:0.1.0"),
        ({"tag": "2"}, "authly/server:2"),
        ({"tag": "2", "digest": "sha256:" + "a" * 64}, "authly/server@sha256:" + "a" * 64),
        (
            {"repository": "r.example/s", "digest": "sha256:" + "0" * 64},
            "r.example/s@sha256:" + "0" * 64,
        ),
    ],
)
def test_a_digest_goes_before_a_tag(image: dict[str, str], expected: str) -> None:
    assert plans.plan({**plans.MINIMAL, "image": image}).image == expected


@pytest.mark.parametrize(
    "field",
    [
        {"extraEnv": [{"name": "CACHE_TTL", "value": "1"}]},
        {"podTemplate": {"labels": {"team": "a"}}},
        {"nodeSelector": {"disk": "fast"}},
        {"resources": {"limits": {"memory": "1Gi"}}},
    ],
)
def test_what_changes_pods_changes_the_hash_by_which_a_roll_out_is_known(field: Any) -> None:
    plain = plans.plan().config_hash
    changed = plans.plan({**plans.MINIMAL, **field}).config_hash
    written_out = plans.plan({**plans.MINIMAL, "podTemplate": {}, "extraEnv": []}).config_hash

    assert changed != plain == written_out


def variables(manifest: Manifest) -> list[str]:
    spec = manifest["spec"]
    template = (spec["jobTemplate"]["spec"] if "jobTemplate" in spec else spec)["template"]
    ours = [*template["spec"].get("initContainers", ()), template["spec"]["containers"][0]]
    return [variable["name"] for one in ours for variable in one.get("env", ())]


@pytest.mark.parametrize("name", plans.SPECS)
def test_every_variable_that_the_operator_sets_is_refused_in_extra_env(name: str) -> None:
    plan = plans.plan({**plans.SPECS[name], "extraEnv": []})
    programs = [
        one
        for one in plans.everything(plan)
        if one["kind"] in {"Deployment", "Job", "CronJob"}
        and one["metadata"]["name"] != "main-redis"
    ]
    given = {variable for one in programs for variable in variables(one)}

    assert given | set(config.data(plan.spec, plan.seen.identity)) <= set(environment.RESERVED)


def test_pods_of_every_kind_are_scheduled_alike() -> None:
    plan = plans.plan({**plans.MINIMAL, "nodeSelector": {"pool": "auth"}, "backup": plans.DUMPS})
    pods = [
        (spec["jobTemplate"]["spec"] if "jobTemplate" in spec else spec)["template"]["spec"]
        for one in plans.everything(plan)
        if "template" in (spec := one.get("spec", {})) or "jobTemplate" in spec
    ]

    assert len(pods) >= 5
    assert {one["nodeSelector"]["pool"] for one in pods} == {"auth"}
