"""Which backups go, by their names alone."""

from datetime import UTC, datetime, timedelta

import pytest

from authly_server.backup import names, retention


NOW = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)


def begun(*days_ago: float) -> list[str]:
    return [names.build("shop", NOW - timedelta(days=days)) for days in days_ago]


def judge(*file_names: str, days: int = 30, keep_last: int = 1) -> list[str]:
    return retention.judge("shop", file_names, now=NOW, days=days, keep_last=keep_last)


def test_a_name_and_its_time_are_read_as_they_were_built() -> None:
    assert names.build("shop", NOW) == "shop-20310506T070809Z.sql.gz"
    assert names.parse("shop", names.build("shop", NOW)) == NOW


def test_what_is_older_than_the_days_goes_oldest_first() -> None:
    old, older, young = begun(31, 60, 29)
    assert judge(young, old, older) == [older, old]


def test_what_is_exactly_as_old_stays() -> None:
    assert judge(*begun(30, 0)) == []


def test_the_youngest_stays_however_old_it_is() -> None:
    (older, old) = begun(400, 300)
    assert judge(old, older) == [older]


@pytest.mark.parametrize(("keep_last", "gone"), [(0, 3), (1, 3), (2, 2), (4, 0), (99, 0)])
def test_as_many_as_are_to_be_kept_stay_however_old_they_are(keep_last: int, gone: int) -> None:
    oldest_first = begun(400, 300, 200, 100)
    assert judge(*oldest_first, keep_last=keep_last) == oldest_first[:gone]


def test_encrypted_backups_are_counted_with_the_others() -> None:
    encrypted = names.build("shop", NOW - timedelta(days=40), encrypted=True)
    assert encrypted.endswith("Z.sql.gz.enc")
    assert judge(encrypted, *begun(50, 0)) == [*begun(50), encrypted]


@pytest.mark.parametrize(
    "stranger",
    [
        "shop-20000101T000000Z.sql.gz.sha256",
        "shop-20000101T000000Z.sql.gz.json",
        "shop-20000101T000000Z.sql.gz.enc.json",
        ".shop-20000101T000000Z.sql.gz.partial",
        "shop-20001301T000000Z.sql.gz",
        "shop-20000101T000000Z.sql",
        "other-20000101T000000Z.sql.gz",
        "shop-a-20000101T000000Z.sql.gz",
        "shop-\u0662\u0660\u0660\u0660\u0660\u0661\u0660\u0661T000000Z.sql.gz",
        "notes.txt",
        "",
    ],
)
def test_a_stranger_is_nobodys_to_delete(stranger: str) -> None:
    assert judge(stranger, *begun(0)) == []
