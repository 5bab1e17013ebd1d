"""The last line of a Job is believed only where it is what our program says."""

import json

import pytest

from authly_operator.cluster import reports


MADE = {
    "event": "backed_up",
    "file_name": "auth.main-20310506T070809Z.sql.gz",
    "begun_at": "2031-05-06T07:08:09.123456+00:00",
    "size": 4711,
    "sha256": "ab" * 32,
    "encrypted": False,
    "schema_revision": 7,
    "postgres_version": "15.9",
    "oldest_begun_at": "2031-05-01T00:00:00+00:00",
    "verified": True,
}


def test_a_report_is_read_with_its_times_in_whole_seconds() -> None:
    report = reports.backup(["noise", json.dumps(MADE | {"added_later": 1})])
    assert report is not None
    assert (report.begun_at, report.oldest_begun_at) == (
        "2031-05-06T07:08:09Z",
        "2031-05-01T00:00:00Z",
    )
    assert (report.size, report.verified) == (4711, True)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "[]",
        json.dumps(MADE)[:-40],
        json.dumps(MADE | {"event": "restored"}),
        json.dumps(MADE | {"size": -1}),
        json.dumps(MADE | {"sha256": "no digest"}),
        json.dumps(MADE | {"file_name": "../../etc/passwd"}),
        json.dumps(MADE | {"begun_at": "yesterday"}),
        json.dumps(MADE | {"postgres_version": "x" * 5000}),
    ],
)
def test_what_is_no_report_is_none(line: str) -> None:
    assert reports.backup([line]) is None


def test_a_verification_names_its_backup() -> None:
    told = {"event": "backup_verified", "file_name": MADE["file_name"], "counts": {"users": 1}}
    assert reports.verified([json.dumps(told)]) == MADE["file_name"]
    assert reports.verified([json.dumps(MADE)]) is None
