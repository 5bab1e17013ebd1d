"""The overlap of two secrets, as the operator begins and sees it: timed by the database alone."""

from typing import Any

from tests.contract.operator_api import Api


NEW, OLD, OLDEST = "ef" * 32, "ab" * 32, "cd" * 32
OWNER = "default/shop"


def secrets(api: Api) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.call("observe_secrets", "shop")
    return found


def retire(api: Api, current: str, owner: str = OWNER) -> tuple[str, Any]:
    return api.outcome("retire_secrets", "shop", owner, current, 1)


def test_former_secrets_retire_from_the_moment_in_which_the_current_one_was_seen_to_work(
    api: Api,
) -> None:
    api.client(secret_sha256=[OLD])
    api.client(secret_sha256=[NEW, OLD])
    new, old = secrets(api)
    assert (new["sha256"], old["sha256"]) == (NEW, OLD)
    assert new["retiring_since"] is old["retiring_since"] is None
    assert retire(api, new["name"]) == ("Updated", None)
    new, old = secrets(api)
    assert new["retiring_since"] is None
    assert old["created_at"] <= old["retiring_since"] <= old["observed_at"]
    assert retire(api, new["name"]) == ("Unchanged", None)
    assert secrets(api)[1]["retiring_since"] == old["retiring_since"]


def test_a_look_that_is_out_of_date_begins_no_retirement(api: Api) -> None:
    api.client(secret_sha256=[OLD])
    (before,) = secrets(api)
    api.client(secret_sha256=[NEW, OLD])
    assert retire(api, before["name"]) == ("Unchanged", None)
    assert secrets(api)[1]["retiring_since"] is None


def test_a_secret_that_is_current_again_retires_no_more(api: Api) -> None:
    api.client(secret_sha256=[OLD])
    api.client(secret_sha256=[NEW, OLD])
    retire(api, secrets(api)[0]["name"])
    api.client(secret_sha256=[OLD, NEW])
    assert [each["retiring_since"] for each in secrets(api)] == [None, None]


def test_each_former_secret_keeps_the_time_since_when_it_retires(api: Api) -> None:
    api.client(secret_sha256=[OLDEST])
    api.client(secret_sha256=[OLD, OLDEST])
    retire(api, secrets(api)[0]["name"])
    since = secrets(api)[1]["retiring_since"]
    api.client(secret_sha256=[NEW, OLD, OLDEST])
    assert [each["retiring_since"] for each in secrets(api)] == [None, None, since]


def test_nobody_retires_the_secrets_of_a_client_that_is_not_theirs(api: Api) -> None:
    assert retire(api, "none") == ("Absent", None)
    api.client(secret_sha256=[NEW, OLD])
    name = secrets(api)[0]["name"]
    assert retire(api, name, "other/shop") == ("Conflict", OWNER)
    assert secrets(api)[1]["retiring_since"] is None
