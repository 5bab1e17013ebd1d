"""The PrometheusRule: what is worth waking somebody for, and what can wait until the morning.

Every alert has a section of its own in docs/operations.md. The expressions are about one server:
its metrics carry its namespace, and the name of its metrics Service as their job.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from authly_operator import naming
from authly_operator.desired import metadata
from authly_operator.desired.plan import Plan
from authly_operator.observed import Manifest


def _always(_: Plan) -> bool:
    return True


def _has_backup(plan: Plan) -> bool:
    return plan.spec.backup is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert; in expression and summary, what stands in angle brackets is filled in."""

    name: str
    severity: str
    summary: str
    expression: str
    after: str
    """How long the expression must have held."""
    wanted: Callable[[Plan], bool] = _always


ALERTS: Final = (
    Alert(
        name="AuthlyDown",
        severity="critical",
        summary="No replica of AuthlyServer <server> answers: nobody can sign in",
        expression="absent(up{<series>} == 1)",
        after="5m",
    ),
    Alert(
        name="AuthlyErrors",
        severity="critical",
        summary="AuthlyServer <server> answers more than 5% of the requests with a failure",
        expression=(
            'sum(rate(authly_requests_total{<series>,status=~"5.."}[5m]))'
            " / sum(rate(authly_requests_total{<series>}[5m])) > 0.05"
        ),
        after="5m",
    ),
    Alert(
        name="AuthlyTokenErrorBudgetBurn",
        severity="warning",
        summary="AuthlyServer <server> fails token requests so often that a month's budget of 0.1%"
        " lasts for two days",
        expression=(
            "("
            'sum(rate(authly_requests_total{<series>,endpoint="token",status=~"5.."}[1h]))'
            ' / sum(rate(authly_requests_total{<series>,endpoint="token"}[1h])) > 0.0144'
            ") and ("
            'sum(rate(authly_requests_total{<series>,endpoint="token",status=~"5.."}[5m]))'
            ' / sum(rate(authly_requests_total{<series>,endpoint="token"}[5m])) > 0.0144'
            ")"
        ),
        after="2m",
    ),
    Alert(
        name="AuthlySlow",
        severity="warning",
        summary="One in a hundred token requests to AuthlyServer <server> takes more than a second",
        expression=(
            "histogram_quantile(0.99, sum by (le)"
            ' (rate(authly_request_duration_seconds_bucket{<series>,endpoint="token"}[5m]))) > 1'
        ),
        after="15m",
    ),
    Alert(
        name="AuthlyDatabaseConnectionsExhausted",
        severity="warning",
        summary="A replica of AuthlyServer <server> uses all of its connections to the database",
        expression="min_over_time(authly_db_connections_active{<series>}[5m]) >= <connections>",
        after="5m",
    ),
    Alert(
        name="AuthlyCredentialsGuessed",
        severity="warning",
        summary="AuthlyServer <server> refuses wrong client secrets or sign-ins again and again:"
        " somebody guesses, or a client has an old secret",
        expression=(
            '(sum(rate(authly_token_errors_total{<series>,error="invalid_client"}[10m]))'
            " or vector(0))"
            " + (sum(rate(authly_login_throttled_total{<series>}[10m])) or vector(0)) > 0.5"
        ),
        after="10m",
    ),
    Alert(
        name="AuthlyBackupOverdue",
        severity="warning",
        summary="The last backup of AuthlyServer <server> that was due has not succeeded",
        expression=(
            "kube_cronjob_status_last_schedule_time{<cronjob>} unless on (namespace, cronjob)"
            " (kube_cronjob_status_last_successful_time{<cronjob>}"
            " >= on (namespace, cronjob) kube_cronjob_status_last_schedule_time{<cronjob>})"
        ),
        after="7h",
        wanted=_has_backup,
    ),
)


def build(plan: Plan) -> Manifest:
    """The PrometheusRule of spec.monitoring.rules."""
    wanted = plan.spec.monitoring.rules
    group = {
        "name": f"authly.{plan.namespace}.{plan.name}",
        "rules": [_rule(plan, alert) for alert in ALERTS if alert.wanted(plan)],
    }
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": metadata.build(
            plan,
            naming.deployment(plan.name),
            naming.Component.MONITORING,
            labels=wanted.labels,
        ),
        "spec": {"groups": [group]},
    }


def is_wanted(plan: Plan) -> bool:
    """Whether there are alerts."""
    return plan.spec.monitoring.rules.enabled


def series(plan: Plan) -> str:
    """What tells the server's series from those of others, for the inside of {}."""
    return f'namespace="{plan.namespace}",job="{naming.metrics(plan.name)}"'


def _rule(plan: Plan, alert: Alert) -> Manifest:
    return {
        "alert": alert.name,
        "expr": _filled(plan, alert.expression),
        "for": alert.after,
        "labels": {
            "severity": alert.severity,
            "namespace": plan.namespace,
            "authlyserver": plan.name,
        },
        "annotations": {
            "summary": _filled(plan, alert.summary),
            "runbook_url": f"{plan.spec.monitoring.rules.runbook}#{alert.name.lower()}",
        },
    }


def _filled(plan: Plan, text: str) -> str:
    values = {
        "<series>": series(plan),
        "<server>": f"{plan.namespace}/{plan.name}",
        "<connections>": str(plan.spec.database.pool.max),
        "<cronjob>": f'namespace="{plan.namespace}",cronjob="{naming.backup(plan.name)}"',
    }
    for name, value in values.items():
        text = text.replace(name, value)
    return text
