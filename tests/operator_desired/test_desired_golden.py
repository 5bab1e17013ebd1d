"""Every object of a small, a large and an external server, word for word."""

from typing import Any

import pytest
import yaml
from syrupy.assertion import SnapshotAssertion
from tests.operator_desired import plans
from typing_extensions import override

from authly_operator.api import authly_scope
from authly_operator.desired import client_row, client_secret, scope_row


class _Whole(yaml.SafeDumper):
    """Writes what several containers share at each of them."""

    @override
    def ignore_aliases(self, data: object) -> bool:
        del data
        return True


def written(manifest: Any) -> str:
    return yaml.dump(manifest, Dumper=_Whole, sort_keys=True, width=100, default_flow_style=False)


CASES = [
    pytest.param(name, at, id=f"{name}-{one['kind']}-{one['metadata']['name']}")
    for name, spec in plans.SPECS.items()
    for at, one in enumerate(plans.everything(plans.plan(spec)))
]


@pytest.mark.parametrize(("name", "at"), CASES)
def test_a_server_becomes_this_object(name: str, at: int, snapshot: SnapshotAssertion) -> None:
    manifest = plans.everything(plans.plan(plans.SPECS[name]))[at]

    assert written(manifest) == snapshot


def test_the_same_plan_is_written_in_the_same_bytes() -> None:
    first, second = (
        [written(one) for one in plans.everything(plans.plan(plans.FULL))] for _ in range(2)
    )

    assert first == second


def test_a_confidential_client_becomes_this_secret(snapshot: SnapshotAssertion) -> None:
    spec = plans.client()
    manifest = client_secret.build(spec, plans.CLIENT_IDENTITY, plans.server_view(), "acs_secret")

    assert written(manifest) == snapshot


def test_a_public_client_with_a_template_becomes_this_secret(snapshot: SnapshotAssertion) -> None:
    template = {"name": "login", "labels": {"team": "shop"}, "annotations": {"note": "mine"}}
    spec = plans.client(**plans.PUBLIC, clientId="shop", secretTemplate=template)
    view = plans.server_view(plans.FULL)

    manifest = client_secret.build(spec, plans.CLIENT_IDENTITY, view, None)

    assert written(manifest) == snapshot


def test_a_small_client_becomes_this_row(snapshot: SnapshotAssertion) -> None:
    assert client_row.build(plans.client(), plans.CLIENT_IDENTITY, ["ab" * 32]) == snapshot


def test_a_large_client_becomes_this_row(snapshot: SnapshotAssertion) -> None:
    spec = plans.client(
        **plans.PUBLIC,
        clientId="shop",
        displayName="The shop",
        scopes=["read", "Orders", "admin"],
        audiences=["https://api.example.com"],
        tokens={"accessTokenTTL": "5m", "refreshTokenTTL": "24h"},
        metadata={"clientUri": "https://shop.example.com", "logoUri": "https://shop.example.com/l"},
    )

    assert client_row.build(spec, plans.CLIENT_IDENTITY, [], enabled=False) == snapshot


def test_a_scope_becomes_this_row(snapshot: SnapshotAssertion) -> None:
    spec = authly_scope.Spec.model_validate(
        {"serverRef": {"name": "main"}, "name": "read", "description": "Read", "isDefault": True}
    )

    assert scope_row.build(spec, plans.CLIENT_IDENTITY) == snapshot
