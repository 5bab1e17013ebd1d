"""Whose service accounts a server believes: its cluster's, unless somebody says otherwise."""

from typing import Any

import pytest
from tests.operator_desired import plans

from authly_operator.desired import config_map, deployment
from authly_operator.desired.plan import Plan
from authly_operator.observed import AccountsProbe


OTHER_KEYS = AccountsProbe(issuer=plans.ACCOUNTS.issuer, keys='{"keys": [{"kid": "two"}]}')
UNKNOWN = AccountsProbe(error="forbidden")


def template(plan: Plan) -> Any:
    return deployment.build(plan)["spec"]["template"]


def volumes(plan: Plan) -> set[str]:
    return {one["name"] for one in template(plan)["spec"]["volumes"]}


def test_other_keys_of_the_cluster_reach_the_pods_without_a_restart() -> None:
    before, after = plans.plan(), plans.plan(accounts=OTHER_KEYS)
    assert config_map.accounts(before)["data"] != config_map.accounts(after)["data"]
    assert template(before) == template(after)
    assert config_map.build(before) == config_map.build(after)


def test_another_issuer_restarts_the_pods() -> None:
    other = AccountsProbe(issuer="https://other.example", keys=plans.ACCOUNTS.keys)
    assert plans.plan(accounts=other).config_hash != plans.plan().config_hash


def test_what_was_handed_out_stays_while_the_api_server_does_not_say() -> None:
    before = plans.plan()
    there = plans.with_children(plans.plan(accounts=UNKNOWN), config_map.accounts(before))
    assert config_map.accounts(there) == config_map.accounts(before)
    assert template(there) == template(before)


@pytest.mark.parametrize("accounts", [UNKNOWN, AccountsProbe()])
def test_a_server_of_an_unknown_issuer_is_made_without_it(accounts: AccountsProbe) -> None:
    plan = plans.plan(accounts=accounts)
    assert not config_map.is_wanted_for_accounts(plan)
    assert "account-keys" not in volumes(plan)
    assert not any(name.startswith("KUBERNETES_") for name in config_map.build(plan)["data"])


@pytest.mark.parametrize(
    "name", ["KUBERNETES_ISSUER", "KUBERNETES_JWKS_FILE", "KUBERNETES_JWKS_URL"]
)
def test_who_names_another_issuer_in_extra_env_is_left_to_it(name: str) -> None:
    plan = plans.plan({**plans.MINIMAL, "extraEnv": [{"name": name, "value": "x"}]})
    assert not config_map.is_wanted_for_accounts(plan)
    assert "account-keys" not in volumes(plan)
    assert not any(key.startswith("KUBERNETES_") for key in config_map.build(plan)["data"])


@pytest.mark.parametrize("name", plans.SPECS)
def test_no_pod_of_a_server_has_a_token_for_it(name: str) -> None:
    spec = template(plans.plan(plans.SPECS[name]))["spec"]
    assert spec["automountServiceAccountToken"] is False
    assert not any("projected" in volume for volume in spec["volumes"])
