"""Alerts and dashboard ask for metrics, and labels of them, that the server really has."""

import json
import re

import pytest
from tests.operator_desired import plans

from authly_operator.desired import alerts, dashboard
from authly_server.metrics import Metrics


OF_PROMETHEUS = {"namespace", "job", "pod", "le"}


def expressions() -> list[str]:
    plan = plans.plan(plans.FULL)
    rules = alerts.build(plan)["spec"]["groups"][0]["rules"]
    (text,) = dashboard.build(plan)["data"].values()
    panels = json.loads(text)["panels"]
    return [one["expr"] for one in (*rules, *(panel["targets"][0] for panel in panels))]


def known() -> dict[str, set[str]]:
    """The labels of every series' name, as the server's own registry collects them."""
    metrics = Metrics()
    metrics.tally("token", "POST").count(200, 0.1)
    metrics.count_issued("refresh_token")
    found: dict[str, set[str]] = {}
    for name, collector in metrics.registry._names_to_collectors.items():
        found[name] = set(getattr(collector, "_labelnames", ())) | OF_PROMETHEUS
    for family in metrics.registry.collect():
        for sample in family.samples:
            found[sample.name] = set(sample.labels) | OF_PROMETHEUS
    return found


@pytest.mark.parametrize("expression", expressions())
def test_what_is_asked_for_is_measured(expression: str) -> None:
    measured = known()
    for name, labels in re.findall(r"\b(authly_\w+)\{([^}]*)\}", expression):
        asked = set(re.findall(r"(\w+)=", labels))
        assert name in measured
        assert asked <= measured[name]
    for labels in re.findall(r"by \(([^)]*)\)", expression):
        every = set().union(*measured.values())
        assert set(re.split(r", ?", labels)) <= every
