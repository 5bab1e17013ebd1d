"""What is written over a row, for any changes of it and of what is wanted."""

from typing import Any

from hypothesis import given, strategies as st

from authly_operator.api import authly_client
from authly_operator.api.drift import DriftPolicy
from authly_operator.desired import client_drift, client_row
from authly_operator.desired.client_drift import Before
from authly_operator.observed import Identity


IDENTITY = Identity(name="shop", namespace="apps", uid="u", generation=1)
SPEC: dict[str, Any] = {"serverRef": {"name": "main"}, "grantTypes": ["client_credentials"]}
UNSAID = {"id_token_signed_response_alg", "userinfo_signed_response_alg", "default_max_age"}
parts = st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text(), max_size=3)


def row(**spec: Any) -> dict[str, Any]:
    wanted = authly_client.Spec.model_validate(SPEC | spec)
    return client_row.build(wanted, IDENTITY, ["ab" * 32])


changes = st.dictionaries(st.sampled_from(sorted(client_drift.PATHS)), parts, max_size=5)
policies = st.sampled_from(DriftPolicy)


def test_every_column_that_a_resource_decides_has_a_path_and_no_other() -> None:
    assert set(row()) == {*client_drift.PATHS, *UNSAID, "client_id", "owner"}


@given(policies, changes)
def test_what_is_as_wanted_is_never_drift(policy: DriftPolicy, changed: dict[str, Any]) -> None:
    wanted = row() | changed
    plan = client_drift.plan(policy, wanted, wanted, Before(synced=client_drift.digest(wanted)))
    assert plan == client_drift.Plan(row=wanted)


@given(changes)
def test_enforced_is_what_is_wanted(changed: dict[str, Any]) -> None:
    wanted = row()
    before = Before(synced=client_drift.digest(wanted))
    assert client_drift.plan(DriftPolicy.ENFORCE, wanted, wanted | changed, before).row == wanted


@given(changes)
def test_reported_is_what_differs_and_none_of_it_is_written(changed: dict[str, Any]) -> None:
    wanted = row()
    found = wanted | changed
    plan = client_drift.plan(
        DriftPolicy.REPORT, wanted, found, Before(synced=client_drift.digest(wanted))
    )
    assert plan.row is not None
    told = {one.path for one in plan.drift}
    differing = {key for key in changed if changed[key] != wanted[key]} - {"secret_sha256"}
    assert {client_drift.PATHS[key] for key in differing} == told - {"auth.secret"}
    assert {key: plan.row[key] for key in differing} == {key: found[key] for key in differing}


@given(policies, changes)
def test_what_was_never_written_is_no_drift(policy: DriftPolicy, changed: dict[str, Any]) -> None:
    wanted = row()
    for before in (Before(), Before(synced=client_drift.digest(row(displayName="Before")))):
        plan = client_drift.plan(policy, wanted, wanted | changed, before)
        assert plan == client_drift.Plan(row=wanted)
        assert client_drift.plan(policy, wanted, None, before) == client_drift.Plan(row=wanted)


def test_no_digest_of_a_secret_is_shown() -> None:
    wanted = row()
    lost = wanted | {"secret_sha256": []}
    before = Before(synced=client_drift.digest(wanted))
    (told,) = client_drift.plan(
        DriftPolicy.REPORT, wanted, lost, before, secrets_changed=True
    ).drift
    assert (told.path, told.desired, told.actual) == ("auth.secret", '"(redacted)"', "null")
    another = wanted | {"secret_sha256": ["cd" * 32]}
    (told,) = client_drift.plan(
        DriftPolicy.REPORT, wanted, another, before, secrets_changed=True
    ).drift
    assert told.actual == '"(redacted)"'


def test_a_long_value_is_cut() -> None:
    wanted = row()
    found = wanted | {"audiences": ["x" * 600] * 9}
    before = Before(synced=client_drift.digest(wanted))
    (told,) = client_drift.plan(DriftPolicy.ENFORCE, wanted, found, before).drift
    assert len(told.actual) == 512
