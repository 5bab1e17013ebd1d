"""How an AuthlyServer is watched over by Prometheus and Grafana."""

from typing import Annotated

from pydantic import Field

from authly_operator.api import affinity, reference, value


class ServiceMonitor(value.Value):
    """A ServiceMonitor, by which a Prometheus of the Prometheus operator reads the metrics."""

    enabled: bool = False
    """Whether there is one."""
    interval: Annotated[str, Field(max_length=16, pattern=r"^[1-9][0-9]*(s|m)$")] = "30s"
    """How often metrics are read."""
    labels: affinity.Labels = Field(default_factory=dict)
    """Its labels, by which a Prometheus selects it."""


class Rules(value.Value):
    """A PrometheusRule with alerts, each with a summary and a runbook."""

    enabled: bool = False
    """Whether there is one; it needs what serviceMonitor makes."""
    labels: affinity.Labels = Field(default_factory=dict)
    """Its labels, by which a Prometheus selects it."""
    runbook: reference.WebUri = "https://authly.dev/docs/operations"
    """Where docs/operations.md is published: runbook_url is this with the alert's name as the
    fragment."""


class Dashboard(value.Value):
    """A ConfigMap with a dashboard, labelled grafana_dashboard: "1" for Grafana's sidecar."""

    enabled: bool = False
    """Whether there is one."""
    labels: affinity.Labels = Field(default_factory=dict)
    """Its labels beside that one."""


class Monitoring(value.Value):
    """What Prometheus and Grafana are given."""

    service_monitor: ServiceMonitor = Field(default_factory=ServiceMonitor)
    """The ServiceMonitor."""
    rules: Rules = Field(default_factory=Rules)
    """The alerts."""
    dashboard: Dashboard = Field(default_factory=Dashboard)
    """The dashboard."""
