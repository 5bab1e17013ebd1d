"""Each field of an AuthlyServer does something: changed alone, it is seen where the table says."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.operator_desired import field_effects, plans
from tests.operator_desired.effect import POD, POLICY, ROUTE, SERVER, Effect, Object
from tests.operator_desired.field_effects import EFFECTS
from tests.operator_desired.field_paths import at, changed, merged


ROOT = Path(__file__).resolve().parents[2]
PASSED_ON = {
    "affinity": (SERVER, f"{POD} affinity"),
    "tolerations": (SERVER, f"{POD} tolerations"),
    "topologySpread": (SERVER, f"{POD} topologySpreadConstraints"),
    "networkPolicy.from": (POLICY, "spec ingress 0 from"),
    "networkPolicy.metricsFrom": (POLICY, "spec ingress 1 from"),
    "gateway.parentRefs": (ROUTE, "spec parentRefs"),
}
"""Fields that Kubernetes has too, with whatever is in them, and where they go."""
OWNER_CHANGES = "test_what_an_owner_of_ones_own_is_changed_to_is_migrated_before_it_is_rolled_out"
CLUSTER_GROWS = "test_more_instances_are_asked_for_and_a_template_is_never_taken_away"
ELSEWHERE = {
    "issuer": "test_what_is_immutable_cannot_be_edited",
    "database.managed.storage.size": "test_a_claim_grows_to_what_the_spec_says",
    "database.managed.storage.className": "test_what_is_immutable_cannot_be_edited",
    "database.external.secretRef": OWNER_CHANGES,
    "database.external.host": "test_fields_become_three_urls_that_verify_in_full",
    "database.external.port": "test_fields_become_three_urls_that_verify_in_full",
    "database.external.name": "test_fields_become_three_urls_that_verify_in_full",
    "database.external.credentialsSecretRef": "test_fields_become_three_urls_that_verify_in_full",
    "database.external.sslMode": "test_an_ssl_mode_without_verification_needs_no_authority",
    "database.external.caSecretRef": "test_the_url_of_a_secret_is_verified_in_full_by_an_authority",
    "database.cloudNativePG.clusterRef": "test_a_cluster_of_others_is_used_and_left_alone",
    "database.cloudNativePG.template": CLUSTER_GROWS,
    "database.passwordRotationInterval": "test_an_interval_counts_from_when_it_is_first_seen",
    "redis.external": "test_a_redis_of_others_is_reached_at_its_port_and_none_is_made",
    "migrations.mode": "test_a_manual_migration_waits_for_its_very_jobs_name",
    "bootstrapAdmin": "test_another_password_of_the_administrator_is_a_migration_and_no_roll_out",
    "email": "test_a_server_that_writes_to_people_hands_its_mail_over_as_the_spec_says",
    "signingKeys.rotationInterval": "test_keys_are_rotated_by_the_interval",
    "signingKeys.source": "test_a_drawn_key_is_relieved_by_one_of_ones_own_as_by_any_other",
    "signingKeys.secretRef": "test_another_key_of_ones_own_is_published_first",
    "oauth.dynamicRegistration.tokenSecretRef": "test_a_token_of_ones_own_is_taken_over",
    "podTemplate": "test_labels_and_annotations_of_the_operator_stay",
    "allowedClients": "test_a_rule_that_a_client_breaks_disables_it_by_name_until_it_is_changed",
    "paused": "test_a_paused_server_is_left_alone_and_catches_up_afterwards",
}
"""Fields, or what they begin with, and the test that changes them."""


def schema() -> Object:
    document = yaml.safe_load((ROOT / "crds" / "authlyservers.yaml").read_text())
    (version,) = document["spec"]["versions"]
    found: Object = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
    return found


def leaves(part: Object, path: str = "") -> Iterator[str]:
    if "properties" in part:
        for name, inner in part["properties"].items():
            yield from leaves(inner, f"{path}.{name}" if path else name)
    elif "properties" in part.get("items", {}):
        yield from leaves(part["items"], f"{path}[]")
    else:
        yield path


def sample(part: Object) -> Any:
    """Something that a field takes and that is not its default, with all that is in it."""
    if "properties" in part:
        return {name: sample(inner) for name, inner in part["properties"].items()}
    if part["type"] == "array":
        return [sample(part["items"])]
    if part["type"] == "object":
        return {"a": "b"}
    if part["type"] == "integer":
        return part.get("minimum", 0) + 7
    chosen = [one for one in part.get("enum", ()) if one != part.get("default")]
    long = part.get("minLength", 0) > 1
    return chosen[0] if chosen else "10.0.0.0/8" if long else "a"


def within(path: str) -> Object:
    """The schema of a field."""
    part = schema()
    for name in path.split("."):
        part = part["properties"][name]
    return part


def found(spec: Object, target: str, path: str) -> Any:
    """What there is at a path of the object that a spec becomes; None where there is nothing."""
    for manifest in plans.everything(plans.plan(spec)):
        name = f"{manifest['kind']}/{manifest['metadata']['name']}"
        if name == target or (target.endswith("-") and name.startswith(target)):
            return at(manifest, path)
    return None


@pytest.mark.parametrize("path", EFFECTS)
def test_a_field_that_is_changed_alone_is_seen(path: str) -> None:
    effect: Effect = EFFECTS[path]
    before = merged(plans.MINIMAL, effect.given)
    after = changed(before, path, effect.value)
    assert not effect.shows(found(before, effect.target, effect.path))
    assert effect.shows(found(after, effect.target, effect.path))


@pytest.mark.parametrize("path", PASSED_ON)
def test_what_kubernetes_knows_too_is_passed_on_whole(path: str) -> None:
    target, place = PASSED_ON[path]
    value = sample(within(path))
    after = found(changed(plans.MINIMAL, path, value), target, place)
    shown, said = (after, value) if isinstance(value, dict) else (after[0], value[0])
    assert {key: shown.get(key) for key in said} == said


def test_no_field_is_without_an_effect_that_a_test_sees() -> None:
    proven = [*EFFECTS, *PASSED_ON, *ELSEWHERE]
    begun = tuple(f"{path}{separator}" for path in proven for separator in (".", "["))
    every = list(leaves(schema()))
    assert len(every) > 200
    assert [path for path in every if path not in proven and not path.startswith(begun)] == []


def test_the_tests_that_prove_the_other_fields_exist() -> None:
    text = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    missing = [name for name in ELSEWHERE.values() if not re.search(rf"def {name}\b", text)]
    assert missing == []


def test_the_table_names_fields_of_today() -> None:
    every = [path.replace("[]", "") for path in leaves(schema())]
    wanted = [path.replace("[]", "") for path in (*EFFECTS, *PASSED_ON, *ELSEWHERE)]
    gone = [one for one in wanted if not any(f"{path}.".startswith(f"{one}.") for path in every)]
    assert gone == []
    assert field_effects.EFFECTS is EFFECTS
