"""Whom spec.allowedClients admits, and what the refused are told."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from authly_operator.conditions import acceptance
from authly_operator.conditions.applicant import Applicant, Asked
from authly_operator.observed import Identity, ServerView


View = Callable[..., ServerView]
BY_TEAM = {"from": "Selector", "matchLabels": {"team": "shop", "stage": "live"}}


def refusal(server: ServerView, namespace: str, labels: Mapping[str, str] | None = None) -> str:
    """What a client of that namespace is told; nothing where it is admitted."""
    identity = Identity(name="shop", namespace=namespace, uid="u", generation=1)
    asks = Applicant(identity=identity, namespace_labels=labels or {}, client=Asked())
    found = acceptance.refusal(server, asks)
    return found.message if found else ""


@pytest.mark.parametrize("rule", [{}, {"from": "Same"}, {"from": "All"}, BY_TEAM])
def test_a_servers_own_namespace_is_always_admitted(view: View, rule: dict[str, Any]) -> None:
    assert not refusal(view(allow=rule), "auth", {})


def test_all_admits_every_namespace(view: View) -> None:
    assert not refusal(view(allow={"from": "All"}), "shop", {})


def test_same_refuses_other_namespaces_and_says_what_the_platform_team_can_set(view: View) -> None:
    told = refusal(view(), "shop", {})

    assert "AuthlyServer auth/main admits its own namespace only" in told
    assert "spec.allowedClients.namespaces.from: Same" in told
    assert "matchLabels {kubernetes.io/metadata.name: shop}" in told


def test_a_selector_admits_namespaces_with_all_of_its_labels(view: View) -> None:
    labels = {"team": "shop", "stage": "live", "more": "labels"}

    assert not refusal(view(allow=BY_TEAM), "shop", labels)


def test_a_selector_names_the_labels_that_a_refused_namespace_lacks(view: View) -> None:
    told = refusal(view(allow=BY_TEAM), "shop", {"team": "shop"})

    assert "shop lacks stage: live: whoever" in told
    assert "team: shop" not in told


def test_a_selector_without_labels_admits_nobody(view: View) -> None:
    rule = {"from": "Selector", "matchLabels": {}}

    assert refusal(view(allow=rule), "shop", {"team": "shop"})


def test_a_long_selector_does_not_hide_what_to_do(view: View) -> None:
    labels = {f"example.com/label-{number:02}-{'x' * 40}": "y" * 63 for number in range(16)}
    rule = {"from": "Selector", "matchLabels": labels}

    told = refusal(view(allow=rule), "shop", {})

    assert len(told) < 1024
    assert "and 13 more: whoever runs the cluster can label the namespace" in told
