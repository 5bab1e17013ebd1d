"""T16 to T20: each refresh token is good once, a lost answer costs nothing, a theft ends it all."""

import pytest

from throwaway.instance import Instance, problem


AGE = "UPDATE authly.tokens SET rotated_at = rotated_at - interval '31 seconds'"
REPLAYS = "SELECT count(*) FROM authly.audit_log WHERE event = 'refresh_token_replayed'"


@pytest.fixture
def refresh_token(instance: Instance) -> str:
    return str(instance.tokens(scope="read profile")["refresh_token"])


@pytest.mark.parametrize("path", ["/token", "/auth/token", "/auth/refresh"])
def test_a_refresh_token_is_exchanged_for_its_successor(
    instance: Instance, refresh_token: str, path: str
) -> None:
    answer = instance.post(path, grant_type="refresh_token", refresh_token=refresh_token)
    assert answer.status_code == 200
    told = answer.json()
    assert told["refresh_token"] != refresh_token
    assert instance.is_active(told["refresh_token"])
    assert instance.is_active(told["access_token"])
    assert not instance.is_active(refresh_token)


def test_the_refresh_endpoint_needs_no_grant_type_and_takes_no_other(
    instance: Instance, refresh_token: str
) -> None:
    answer = instance.post("/auth/refresh", refresh_token=refresh_token)
    assert answer.status_code == 200
    other = instance.post("/auth/refresh", grant_type="client_credentials", refresh_token="x")
    assert problem(other) == (400, "invalid_request")


def test_reuse_after_the_grace_revokes_the_whole_family(
    instance: Instance, refresh_token: str
) -> None:
    issued = instance.refresh(refresh_token).json()
    replays = instance.fetch(REPLAYS)
    instance.execute(AGE)
    assert problem(instance.refresh(refresh_token)) == (400, "invalid_grant")
    assert not instance.is_active(issued["access_token"])
    assert problem(instance.refresh(issued["refresh_token"])) == (400, "invalid_grant")
    assert instance.fetch(REPLAYS) == replays + 1


def test_reuse_within_the_grace_gets_the_same_successor_and_a_new_access_token(
    instance: Instance, refresh_token: str
) -> None:
    first = instance.refresh(refresh_token).json()
    again = instance.refresh(refresh_token).json()
    assert again["refresh_token"] == first["refresh_token"]
    assert again["access_token"] != first["access_token"]
    assert instance.is_active(first["access_token"])


def test_retries_within_the_grace_are_counted_and_end(
    instance: Instance, refresh_token: str
) -> None:
    instance.refresh(refresh_token).raise_for_status()
    instance.execute("UPDATE authly.tokens SET retries = 100")
    assert problem(instance.refresh(refresh_token)) == (400, "invalid_grant")


def test_reuse_within_the_grace_is_theft_once_the_successor_was_used(
    instance: Instance, refresh_token: str
) -> None:
    second = instance.refresh(refresh_token).json()
    third = instance.refresh(second["refresh_token"]).json()
    assert problem(instance.refresh(refresh_token)) == (400, "invalid_grant")
    assert not instance.is_active(third["access_token"])
    assert not instance.is_active(third["refresh_token"])


def test_a_narrower_scope_is_for_one_access_token_only(
    instance: Instance, refresh_token: str
) -> None:
    narrow = instance.refresh(refresh_token, scope="read").json()
    assert narrow["scope"] == "read"
    assert instance.refresh(narrow["refresh_token"]).json()["scope"] == "profile read"


@pytest.mark.parametrize(
    ("form", "error"),
    [
        pytest.param({"scope": "read write"}, "invalid_scope", id="wider scope"),
        pytest.param({"scope": "  "}, "invalid_scope", id="malformed scope"),
        pytest.param({"resource": "https://other.example"}, "invalid_target", id="resource"),
        pytest.param({"resource": "relative"}, "invalid_target", id="relative resource"),
    ],
)
def test_asking_for_more_than_was_granted_is_refused_and_costs_no_token(
    instance: Instance, refresh_token: str, form: dict[str, str], error: str
) -> None:
    assert problem(instance.refresh(refresh_token, **form)) == (400, error)
    assert instance.refresh(refresh_token).status_code == 200


def test_a_scope_granted_to_the_client_later_is_still_beyond_the_grant(instance: Instance) -> None:
    wide = instance.apply_client("wide", scopes=["read", "write"])
    issued = instance.tokens(wide, scope="read")
    answer = instance.refresh(issued["refresh_token"], wide, scope="read write")
    assert problem(answer) == (400, "invalid_scope")


def test_a_resource_beyond_the_granted_ones_is_refused(instance: Instance) -> None:
    many = instance.apply_client("many", audiences=["https://a.example", "https://b.example"])
    issued = instance.tokens(many, resource="https://a.example")
    answer = instance.refresh(issued["refresh_token"], many, resource="https://b.example")
    assert problem(answer) == (400, "invalid_target")


def test_a_token_of_another_client_is_refused_and_stays_good(
    instance: Instance, refresh_token: str
) -> None:
    thief = instance.apply_client("thief")
    assert problem(instance.refresh(refresh_token, thief)) == (400, "invalid_grant")
    assert instance.refresh(refresh_token).status_code == 200


@pytest.mark.parametrize("of_what", ["users", "clients"])
def test_nothing_is_issued_for_someone_or_something_disabled(
    instance: Instance, of_what: str
) -> None:
    short = instance.apply_client("short")
    refresh_token = instance.tokens(short)["refresh_token"]
    if of_what == "clients":
        instance.apply_client("short", enabled=False)
        expected = (401, "invalid_client")
    else:
        instance.execute("UPDATE authly.users SET enabled = false")
        expected = (400, "invalid_grant")
    try:
        assert problem(instance.refresh(refresh_token, short)) == expected
    finally:
        instance.execute("UPDATE authly.users SET enabled = true")
        instance.apply_client("short")
    assert instance.refresh(refresh_token, short).status_code == 200


def test_an_expired_family_is_refused(instance: Instance, refresh_token: str) -> None:
    instance.execute("UPDATE authly.tokens SET expires_at = now()")
    assert problem(instance.refresh(refresh_token)) == (400, "invalid_grant")


@pytest.mark.parametrize("text", ["x", "art_", "art_" + "A" * 91, "ac_x", "é", "x" * 16_000])
def test_what_is_no_refresh_token_is_refused_as_one(instance: Instance, text: str) -> None:
    assert problem(instance.refresh(text)) == (400, "invalid_grant")
