"""Alerts and dashboard, judged by promtool: each alert fires, and none without cause."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.operator_desired import plans

from authly_operator.desired import alerts, dashboard
from throwaway import promtool


ROOT = Path(__file__).resolve().parents[2]
SERVER = 'namespace="auth",job="main-metrics"'
TOKEN = f'authly_requests_total{{{SERVER},endpoint="token",method="POST",status="%s"}}'
BACKUP = 'namespace="auth",cronjob="main-backup"'
UP = {"series": f"up{{{SERVER}}}", "values": "1x600"}
SLOW = f'authly_request_duration_seconds_bucket{{{SERVER},endpoint="token",le="%s"}}'
CAUSES: dict[str, list[dict[str, str]]] = {
    "AuthlyDown": [{"series": f"up{{{SERVER}}}", "values": "0x600"}],
    "AuthlyErrors": [
        {"series": TOKEN % 200, "values": "0+90x600"},
        {"series": TOKEN % 503, "values": "0+10x600"},
    ],
    "AuthlyTokenErrorBudgetBurn": [
        {"series": TOKEN % 200, "values": "0+98x600"},
        {"series": TOKEN % 500, "values": "0+2x600"},
    ],
    "AuthlySlow": [
        {"series": SLOW % "1.0", "values": "0+98x600"},
        {"series": SLOW % "2.0", "values": "0+100x600"},
        {"series": SLOW % "+Inf", "values": "0+100x600"},
    ],
    "AuthlyDatabaseConnectionsExhausted": [
        {"series": f"authly_db_connections_active{{{SERVER}}}", "values": "20x600"}
    ],
    "AuthlyCredentialsGuessed": [
        {
            "series": f'authly_token_errors_total{{{SERVER},error="invalid_client"}}',
            "values": "0+60x600",
        }
    ],
    "AuthlyBackupOverdue": [
        {"series": f"kube_cronjob_status_last_schedule_time{{{BACKUP}}}", "values": "9000x600"},
        {"series": f"kube_cronjob_status_last_successful_time{{{BACKUP}}}", "values": "60x600"},
    ],
}
"""By alert: series, a value a minute, that it is there for."""
WELL = [
    UP,
    {"series": TOKEN % 200, "values": "0+1000x600"},
    {"series": TOKEN % 500, "values": "0+1x600"},
    {"series": SLOW % "1.0", "values": "0+1000x600"},
    {"series": SLOW % "+Inf", "values": "0+1000x600"},
    {"series": f"authly_db_connections_active{{{SERVER}}}", "values": "19x600"},
    {
        "series": f'authly_token_errors_total{{{SERVER},error="invalid_client"}}',
        "values": "0+10x600",
    },
    {"series": f"kube_cronjob_status_last_schedule_time{{{BACKUP}}}", "values": "60x600"},
    {"series": f"kube_cronjob_status_last_successful_time{{{BACKUP}}}", "values": "90x600"},
    # Somebody else's troubles.
    {"series": 'up{namespace="other",job="main-metrics"}', "values": "0x600"},
]


def rules() -> list[dict[str, Any]]:
    """The rules of a server that has everything, backups too."""
    (group,) = alerts.build(plans.plan(plans.FULL))["spec"]["groups"]
    return list(group["rules"])


def judge(place: Path, *command: str) -> str:
    done = subprocess.run(  # noqa: S603
        [promtool.path(), *command], cwd=place, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def write_rules(place: Path, each: list[dict[str, Any]]) -> None:
    text = yaml.safe_dump({"groups": [{"name": "authly", "rules": each}]})
    (place / "rules.yaml").write_text(text)


def firing(alert: str) -> list[dict[str, Any]]:
    """What promtool is to expect of an alert that fires."""
    rule = next(one for one in rules() if one["alert"] == alert)
    labels = {**rule["labels"]}
    if alert == "AuthlyDatabaseConnectionsExhausted":
        labels |= {"job": "main-metrics"}
    if alert == "AuthlyBackupOverdue":
        labels |= {"cronjob": "main-backup"}
    return [{"exp_labels": labels, "exp_annotations": rule["annotations"]}]


def expect(
    place: Path, series: list[dict[str, str]], expected: dict[str, list[dict[str, Any]]]
) -> None:
    """Let promtool play ten hours of the series and compare what fires at their end."""
    write_rules(place, rules())
    cases = [
        {"eval_time": "9h50m", "alertname": alert, "exp_alerts": told}
        for alert, told in expected.items()
    ]
    test = {
        "rule_files": ["rules.yaml"],
        "evaluation_interval": "1m",
        "tests": [{"interval": "1m", "input_series": series, "alert_rule_test": cases}],
    }
    (place / "test.yaml").write_text(yaml.safe_dump(test))
    judge(place, "test", "rules", "test.yaml")


def test_promtool_takes_every_alert(tmp_path: Path) -> None:
    write_rules(tmp_path, rules())

    assert f"{len(alerts.ALERTS)} rules found" in judge(tmp_path, "check", "rules", "rules.yaml")


@pytest.mark.parametrize("alert", [one.name for one in alerts.ALERTS])
def test_an_alert_fires_for_its_cause(tmp_path: Path, alert: str) -> None:
    expect(tmp_path, CAUSES[alert], {alert: firing(alert)})


def test_no_alert_fires_where_all_is_well(tmp_path: Path) -> None:
    expect(tmp_path, WELL, {one.name: [] for one in alerts.ALERTS})


def test_every_alert_says_what_is_wrong_and_has_a_section_in_the_operations_guide() -> None:
    guide = (ROOT / "docs" / "operations.md").read_text().splitlines()

    for rule in rules():
        assert rule["annotations"]["summary"].count("auth/main") == 1
        assert f"### {rule['alert']}" in guide
        assert rule["annotations"]["runbook_url"].endswith(f"/operations#{rule['alert'].lower()}")
        assert rule["labels"]["severity"] in {"critical", "warning"}


def test_a_server_without_backups_has_no_alert_about_them() -> None:
    plan = plans.plan({**plans.MINIMAL, "monitoring": {"rules": {"enabled": True}}})
    (group,) = alerts.build(plan)["spec"]["groups"]

    assert "AuthlyBackupOverdue" not in {one["alert"] for one in group["rules"]}


def test_promtool_takes_every_expression_of_the_dashboard(tmp_path: Path) -> None:
    (text,) = dashboard.build(plans.plan(plans.FULL))["data"].values()
    panels = json.loads(text)["panels"]
    recorded = [
        {"record": f"panel:{panel['id']}", "expr": target["expr"]}
        for panel in panels
        for target in panel["targets"]
    ]
    write_rules(tmp_path, recorded)

    assert f"{len(dashboard.PANELS)} rules found" in judge(tmp_path, "check", "rules", "rules.yaml")


def test_no_two_panels_lie_on_each_other() -> None:
    (text,) = dashboard.build(plans.plan(plans.FULL))["data"].values()
    places = [(one["gridPos"]["x"], one["gridPos"]["y"]) for one in json.loads(text)["panels"]]

    assert len(set(places)) == len(places)
