"""T10 to T15: a code is good once, for whom it was issued, in the very request it is meant for."""

import pytest

from throwaway.browser import VERIFIER
from throwaway.instance import Instance, problem
from throwaway.registration import RegisteredClient


OTHER_VERIFIER = "another-verifier-that-is-long-enough-for-rfc-7636"


@pytest.fixture(scope="module")
def thief(instance: Instance) -> RegisteredClient:
    redirect_uris = instance.shop.spec["redirect_uris"]
    return instance.apply_client("thief", redirect_uris=redirect_uris)


def test_a_code_is_exchanged_for_tokens(instance: Instance) -> None:
    answer = instance.exchange(instance.code(scope="read profile"))
    assert answer.status_code == 200
    told = answer.json()
    assert told["token_type"] == "Bearer"
    assert told["expires_in"] == 1800
    assert told["scope"] == "profile read"
    assert instance.is_active(told["access_token"])
    assert instance.is_active(told["refresh_token"])


def test_a_public_client_exchanges_its_code_with_the_verifier_alone(instance: Instance) -> None:
    app = instance.apply_client("app", auth_method="none")
    assert instance.exchange(instance.code(app), app).status_code == 200


def test_a_client_without_the_refresh_grant_gets_no_refresh_token(instance: Instance) -> None:
    brief = instance.apply_client("brief", grant_types=["authorization_code"])
    assert "refresh_token" not in instance.tokens(brief)


def test_second_use_of_a_code_revokes_its_grant(instance: Instance) -> None:
    code = instance.code()
    issued = instance.exchange(code).json()
    assert instance.userinfo(issued["access_token"]).status_code == 403  # live, scope read only
    assert problem(instance.exchange(code)) == (400, "invalid_grant")
    assert not instance.is_active(issued["access_token"])
    assert not instance.is_active(issued["refresh_token"])
    assert instance.userinfo(issued["access_token"]).status_code == 401
    assert problem(instance.refresh(issued["refresh_token"])) == (400, "invalid_grant")
    events = "SELECT count(*) FROM authly.audit_log WHERE event = 'authorization_code_replayed'"
    assert instance.fetch(events) == 1


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"code_verifier": OTHER_VERIFIER}, id="other verifier"),
        pytest.param({"code_verifier": None}, id="no verifier"),
        pytest.param({"redirect_uri": "https://shop.example/other"}, id="other redirect URI"),
    ],
)
def test_replay_of_a_code_that_is_wrong_in_anything_else_revokes_nothing(
    instance: Instance, changes: dict[str, str | None]
) -> None:
    code = instance.code()
    issued = instance.exchange(code).json()
    assert problem(instance.exchange(code, **changes)) == (400, "invalid_grant")
    assert instance.is_active(issued["access_token"])
    assert instance.is_active(issued["refresh_token"])


def test_replay_by_another_client_revokes_nothing(
    instance: Instance, thief: RegisteredClient
) -> None:
    code = instance.code()
    issued = instance.exchange(code).json()
    assert problem(instance.exchange(code, thief)) == (400, "invalid_grant")
    assert instance.is_active(issued["access_token"])


def test_a_code_of_another_client_is_refused_and_stays_good_for_its_own(
    instance: Instance, thief: RegisteredClient
) -> None:
    code = instance.code()
    assert problem(instance.exchange(code, thief)) == (400, "invalid_grant")
    assert instance.exchange(code).status_code == 200


def test_an_expired_code_is_refused(instance: Instance) -> None:
    code = instance.code()
    instance.execute("UPDATE authly.authorization_codes SET expires_at = now()")
    assert problem(instance.exchange(code)) == (400, "invalid_grant")


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda code: code[:-1], id="truncated"),
        pytest.param(lambda code: code + "A", id="longer"),
        pytest.param(lambda code: code[:-1] + ("A" if code[-1] != "A" else "E"), id="changed"),
        pytest.param(lambda code: code.replace("ac_", "art_"), id="as a refresh token"),
        pytest.param(lambda _: "ac_", id="prefix alone"),
        pytest.param(lambda _: "ac_" + "é" * 64, id="unicode"),
        pytest.param(lambda _: "ac_" + "😀" * 64, id="emoji"),
        pytest.param(lambda _: "'; DROP TABLE authly.grants; --", id="SQL"),
        pytest.param(lambda _: "x" * 16_000, id="16 KB"),
    ],
)
def test_what_is_no_code_is_refused_as_one_and_harms_no_other(
    instance: Instance, spoil: object
) -> None:
    code = instance.code()
    assert callable(spoil)
    assert problem(instance.exchange(spoil(code))) == (400, "invalid_grant")
    assert instance.exchange(code).status_code == 200


def test_a_code_of_a_megabyte_is_too_long(instance: Instance) -> None:
    assert problem(instance.exchange("ac_" + "x" * 2**20)) == (413, "invalid_request")


@pytest.mark.parametrize(
    ("code_verifier", "error"),
    [
        pytest.param(None, "invalid_grant", id="missing"),
        pytest.param(OTHER_VERIFIER, "invalid_grant", id="wrong"),
        pytest.param(VERIFIER[:42], "invalid_request", id="42 characters"),
        pytest.param("v" * 129, "invalid_request", id="129 characters"),
        pytest.param(VERIFIER + "+", "invalid_request", id="a character that is not allowed"),
    ],
)
def test_a_bad_verifier_is_refused_and_costs_no_code(
    instance: Instance, code_verifier: str | None, error: str
) -> None:
    code = instance.code()
    assert problem(instance.exchange(code, code_verifier=code_verifier)) == (400, error)
    assert instance.exchange(code).status_code == 200


def test_a_redirect_uri_that_was_sent_may_be_left_out(instance: Instance) -> None:
    assert instance.exchange(instance.code(), redirect_uri=None).status_code == 200


@pytest.mark.parametrize("redirect_uri", ["https://shop.example/callback/", "https://x.example"])
def test_another_redirect_uri_than_that_of_the_authorization_is_refused(
    instance: Instance, redirect_uri: str
) -> None:
    code = instance.code()
    answer = instance.exchange(code, redirect_uri=redirect_uri)
    assert problem(answer) == (400, "invalid_grant")


def test_a_resource_that_was_not_granted_is_refused_and_costs_no_code(instance: Instance) -> None:
    code = instance.code(resource="https://api.example")
    answer = instance.exchange(code, resource="https://other.example")
    assert problem(answer) == (400, "invalid_target")
    assert instance.exchange(code, resource="https://api.example").status_code == 200


def test_a_code_of_someone_disabled_meanwhile_is_refused(instance: Instance) -> None:
    code = instance.code()
    instance.execute("UPDATE authly.users SET enabled = false")
    try:
        assert problem(instance.exchange(code)) == (400, "invalid_grant")
    finally:
        instance.execute("UPDATE authly.users SET enabled = true")
