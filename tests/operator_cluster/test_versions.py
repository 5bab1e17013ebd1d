"""What a story has looked at is no news, whoever tells of it."""

from typing import Any

from authly_operator.cluster import versions
from authly_operator.workqueue import Key


SHOP = Key("AuthlyClient", "apps", "shop")
OTHER = Key("AuthlyClient", "apps", "other")


def secret(version: str) -> dict[str, Any]:
    return {"name": "shop-oauth", "resourceVersion": version}


def test_the_very_version_that_was_read_is_no_news_and_any_other_is() -> None:
    known = versions.Versions()
    assert known.is_news(SHOP, "Secret", secret("7"))
    known.note(SHOP, "Secret", secret("7"))
    assert not known.is_news(SHOP, "Secret", secret("7"))
    assert known.is_news(SHOP, "Secret", secret("8"))
    assert known.is_news(SHOP, "Secret", secret("6")), "an API server may be restored"
    assert known.is_news(SHOP, "ConfigMap", secret("7"))


def test_what_one_has_read_is_news_to_another() -> None:
    known = versions.Versions()
    known.note(SHOP, "Secret", secret("7"))
    assert known.is_news(OTHER, "Secret", secret("7"))


def test_that_something_is_gone_is_always_news() -> None:
    known = versions.Versions()
    known.note(SHOP, "Secret", secret("7"))
    assert known.is_news(SHOP, "Secret", secret(""))


def test_nothing_is_remembered_of_who_is_gone() -> None:
    known = versions.Versions()
    known.note(SHOP, "Secret", secret("7"))
    known.forget(SHOP)
    assert known.is_news(SHOP, "Secret", secret("7"))
    assert not known._read
