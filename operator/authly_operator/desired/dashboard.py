"""A Grafana dashboard of one server, in the ConfigMap that Grafana's sidecar looks for."""

import json
from dataclasses import dataclass
from typing import Any, Final

from authly_operator import naming
from authly_operator.desired import alerts, fingerprint, metadata
from authly_operator.desired.plan import Plan
from authly_operator.observed import Manifest


LABEL: Final = {"grafana_dashboard": "1"}
_WIDTH, _HEIGHT, _COLUMNS = 12, 8, 2


@dataclass(frozen=True, slots=True)
class Panel:
    """One graph: the expression's <series> is filled in, `legend` names a series by its labels."""

    title: str
    unit: str
    expression: str
    legend: str


# fmt: off
PANELS: Final = (
    Panel("Requests by endpoint", "reqps",
          "sum by (endpoint) (rate(authly_requests_total{<series>}[5m]))", "{{endpoint}}"),
    Panel("Errors of the server", "percentunit",
          'sum(rate(authly_requests_total{<series>,status=~"5.."}[5m]))'
          " / sum(rate(authly_requests_total{<series>}[5m]))", "share of requests"),
    Panel("Time until an answer, 99th percentile", "s",
          "histogram_quantile(0.99, sum by (le, endpoint)"
          " (rate(authly_request_duration_seconds_bucket{<series>}[5m])))", "{{endpoint}}"),
    Panel("Tokens issued", "reqps",
          "sum by (grant_type) (rate(authly_tokens_issued_total{<series>}[5m]))", "{{grant_type}}"),
    Panel("Token requests refused", "reqps",
          "sum by (error) (rate(authly_token_errors_total{<series>}[5m]))", "{{error}}"),
    Panel("Authorizations", "reqps",
          "sum by (result) (rate(authly_oauth_authorizations_total{<series>}[5m]))", "{{result}}"),
    Panel("Sign-ins refused unseen", "reqps",
          "sum by (by) (rate(authly_login_throttled_total{<series>}[5m]))", "{{by}}"),
    Panel("Database connections in use", "short",
          "authly_db_connections_active{<series>}", "{{pod}}"),
    Panel("Replicas that answer", "short", "sum(up{<series>})", "replicas"),
    Panel("Revision of the schema", "short",
          "max by (pod) (authly_schema_revision{<series>})", "{{pod}}"),
)
# fmt: on


def build(plan: Plan) -> Manifest:
    """The ConfigMap of spec.monitoring.dashboard."""
    labels = {**plan.spec.monitoring.dashboard.labels, **LABEL}
    name = f"{plan.namespace}-{plan.name}.json"
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata.build(
            plan, naming.dashboard(plan.name), naming.Component.MONITORING, labels=labels
        ),
        "data": {name: json.dumps(_document(plan), indent=1, sort_keys=True)},
    }


def is_wanted(plan: Plan) -> bool:
    """Whether there is a dashboard."""
    return plan.spec.monitoring.dashboard.enabled


def _document(plan: Plan) -> dict[str, Any]:
    source = {"name": "source", "type": "datasource", "query": "prometheus", "label": "Prometheus"}
    return {
        "title": f"Authly: {plan.namespace}/{plan.name}",
        "uid": f"authly-{fingerprint.of(plan.namespace, plan.name)}",
        "tags": ["authly"],
        "schemaVersion": 39,
        "editable": False,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": [source]},
        "panels": [_panel(plan, number, panel) for number, panel in enumerate(PANELS)],
    }


def _panel(plan: Plan, number: int, panel: Panel) -> dict[str, Any]:
    row, column = divmod(number, _COLUMNS)
    place = {"x": column * _WIDTH, "y": row * _HEIGHT, "w": _WIDTH, "h": _HEIGHT}
    expression = panel.expression.replace("<series>", alerts.series(plan))
    source = {"type": "prometheus", "uid": "${source}"}
    query = {"refId": "A", "expr": expression, "legendFormat": panel.legend, "datasource": source}
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": panel.title,
        "datasource": source,
        "gridPos": place,
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": [query],
    }
