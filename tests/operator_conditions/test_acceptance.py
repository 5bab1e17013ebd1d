"""Whom spec.allowedClients admits, and what the refused are told."""

from collections.abc import Callable
from typing import Any

import pytest

from authly_operator.conditions import acceptance
from authly_operator.observed import Identity, ServerView


View = Callable[..., ServerView]
BY_TEAM = {"from": "Selector", "matchLabels": {"team": "shop", "stage": "live"}}


def of(namespace: str) -> Identity:
    return Identity(name="shop", namespace=namespace, uid="u", generation=1)


@pytest.mark.parametrize("rule", [{}, {"from": "Same"}, {"from": "All"}, BY_TEAM])
def test_a_servers_own_namespace_is_always_admitted(view: View, rule: dict[str, Any]) -> None:
    assert acceptance.refusal(view(allow=rule), of("auth"), {}) is None


def test_all_admits_every_namespace(view: View) -> None:
    assert acceptance.refusal(view(allow={"from": "All"}), of("shop"), {}) is None


def test_same_refuses_other_namespaces_and_says_what_the_platform_team_can_set(view: View) -> None:
    refusal = acceptance.refusal(view(), of("shop"), {}) or ""

    assert "AuthlyServer auth/main admits its own namespace only" in refusal
    assert "spec.allowedClients.namespaces.from: Same" in refusal
    assert "matchLabels {kubernetes.io/metadata.name: shop}" in refusal


def test_a_selector_admits_namespaces_with_all_of_its_labels(view: View) -> None:
    labels = {"team": "shop", "stage": "live", "more": "labels"}

    assert acceptance.refusal(view(allow=BY_TEAM), of("shop"), labels) is None


def test_a_selector_names_the_labels_that_a_refused_namespace_lacks(view: View) -> None:
    refusal = acceptance.refusal(view(allow=BY_TEAM), of("shop"), {"team": "shop"}) or ""

    assert "shop lacks stage: live: whoever" in refusal
    assert "team: shop" not in refusal


def test_a_selector_without_labels_admits_nobody(view: View) -> None:
    rule = {"from": "Selector", "matchLabels": {}}

    assert acceptance.refusal(view(allow=rule), of("shop"), {"team": "shop"}) is not None


def test_a_long_selector_does_not_hide_what_to_do(view: View) -> None:
    labels = {f"example.com/label-{number:02}-{'x' * 40}": "y" * 63 for number in range(16)}
    rule = {"from": "Selector", "matchLabels": labels}

    refusal = acceptance.refusal(view(allow=rule), of("shop"), {}) or ""

    assert len(refusal) < 1024
    assert "and 13 more: whoever runs the cluster can label the namespace" in refusal
