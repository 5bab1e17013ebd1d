"""status.backup tells what the CronJob has done, and when it is due next."""

from datetime import UTC, datetime
from typing import Any

import pytest

from authly_operator import observed
from authly_operator.api import authly_server
from authly_operator.observed import Identity, ServerObserved
from authly_operator.reconcile import server_status


NOW = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
DAILY = {"schedule": "0 2 * * *", "timeZone": "Europe/Berlin", "suspend": False}
DONE = {"lastScheduleTime": "2031-05-06T00:00:00Z", "lastSuccessfulTime": "2031-05-06T00:01:00Z"}


def told(spec: dict[str, Any], status: dict[str, Any]) -> Any:
    wanted = authly_server.Spec.model_validate(
        {"issuer": "https://auth.example.com", "database": {"managed": {}}}
    )
    identity = Identity(name="main", namespace="auth", uid="u", generation=1)
    children = {("CronJob", "main-backup"): {"spec": spec, "status": status}}
    seen = ServerObserved(identity=identity, settings=observed.Settings(), children=children)
    return server_status.facts(wanted, seen, NOW)["backup"]


def test_the_next_time_is_that_of_the_schedule_in_its_zone() -> None:
    assert told(DAILY, DONE) == DONE | {"nextTime": "2031-05-07T00:00:00Z"}


@pytest.mark.parametrize(
    "change", [{"suspend": True}, {"timeZone": "Atlantis/Capital"}, {"schedule": "0 0 31 2 *"}]
)
def test_what_is_not_due_has_no_next_time(change: dict[str, Any]) -> None:
    assert told(DAILY | change, DONE) == DONE
    assert told(DAILY | change, {}) is None
