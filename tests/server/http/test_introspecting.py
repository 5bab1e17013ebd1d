"""R1 to R4: what introspection and revocation say, to whom, and what they leave alone."""

import httpx
import pytest

from throwaway.instance import Instance, problem
from throwaway.registration import RegisteredClient


INACTIVE = {"active": False}


@pytest.fixture(scope="module")
def stranger(instance: Instance) -> RegisteredClient:
    """A resource server that the tokens of others are not meant for."""
    return instance.apply_client("stranger", audiences=["https://stranger.example"])


@pytest.fixture(scope="module")
def public(instance: Instance) -> RegisteredClient:
    return instance.apply_client("public", auth_method="none")


@pytest.mark.parametrize("path", ["/introspect", "/revoke"])
@pytest.mark.parametrize(
    ("authorization", "form"),
    [
        pytest.param(None, {}, id="nobody"),
        pytest.param(("shop", "wrong"), {}, id="wrong secret"),
        pytest.param(("nobody", "x"), {}, id="unknown client"),
        pytest.param(None, {"client_id": "shop"}, id="no secret"),
    ],
)
def test_nothing_is_said_to_a_client_that_proves_nothing(
    instance: Instance, path: str, authorization: tuple[str, str] | None, form: dict[str, str]
) -> None:
    auth = authorization or httpx.USE_CLIENT_DEFAULT
    answer = instance.http.post(path, data={"token": "x"} | form, auth=auth)
    assert problem(answer) == (401, "invalid_client")
    assert ("WWW-Authenticate" in answer.headers) is (authorization is not None)


def test_a_public_client_may_not_introspect(instance: Instance, public: RegisteredClient) -> None:
    assert problem(instance.post("/introspect", public, token="x")) == (401, "invalid_client")


@pytest.mark.parametrize("path", ["/introspect", "/revoke"])
def test_a_token_has_to_be_sent(instance: Instance, path: str) -> None:
    assert problem(instance.post(path)) == (400, "invalid_request")


@pytest.mark.parametrize(
    "token",
    ["x", "art_", "art_" + "A" * 91, "ac_" + "A" * 64, "a.b.c", "..", "é", "x" * 16_000, "art_é"],
)
@pytest.mark.parametrize("hint", ["", "access_token", "refresh_token", "nonsense"])
def test_an_unknown_token_is_inactive_and_revoked_without_an_error(
    instance: Instance, token: str, hint: str
) -> None:
    answer = instance.post("/introspect", token=token, token_type_hint=hint)
    assert answer.status_code == 200
    assert answer.json() == INACTIVE
    assert instance.post("/revoke", token=token, token_type_hint=hint).status_code == 200


def test_an_access_token_is_described(instance: Instance) -> None:
    token = instance.tokens(scope="read profile")["access_token"]
    answer = instance.post("/introspect", token=token)
    told = answer.json()
    assert answer.headers["Cache-Control"] == "no-store"
    assert told["active"] is True
    assert told["scope"] == "profile read"
    assert told["client_id"] == "shop"
    assert told["iss"] == instance.server.issuer
    assert told["aud"] == "https://api.example"
    assert told["exp"] - told["iat"] == 1800
    user_id = instance.fetch("SELECT id::text FROM authly.users")
    assert told["sub"] == user_id


def test_a_token_for_another_resource_server_is_inactive(
    instance: Instance, stranger: RegisteredClient
) -> None:
    token = instance.tokens()["access_token"]
    assert instance.post("/introspect", stranger, token=token).json() == INACTIVE
    resource = instance.apply_client("resource", audiences=["https://api.example"])
    assert instance.is_active(token, resource)


def test_a_refresh_token_is_described_to_its_client_only(
    instance: Instance, stranger: RegisteredClient
) -> None:
    token = instance.tokens()["refresh_token"]
    assert instance.post("/introspect", token=token).json()["active"] is True
    assert instance.post("/introspect", stranger, token=token).json() == INACTIVE


def test_revoking_a_refresh_token_ends_everything_of_its_grant(instance: Instance) -> None:
    issued = instance.tokens()
    answer = instance.post("/revoke", token=issued["refresh_token"])
    assert (answer.status_code, answer.content) == (200, b"")
    assert not instance.is_active(issued["access_token"])
    assert instance.userinfo(issued["access_token"]).status_code == 401
    assert problem(instance.refresh(issued["refresh_token"])) == (400, "invalid_grant")
    assert instance.post("/revoke", token=issued["refresh_token"]).status_code == 200


def test_revoking_an_access_token_leaves_the_refresh_token(instance: Instance) -> None:
    issued = instance.tokens(scope="profile")
    assert instance.userinfo(issued["access_token"]).status_code == 200
    assert instance.post("/revoke", token=issued["access_token"]).status_code == 200
    assert not instance.is_active(issued["access_token"])
    assert instance.userinfo(issued["access_token"]).status_code == 401
    assert instance.refresh(issued["refresh_token"]).status_code == 200


def test_a_wrong_hint_changes_nothing(instance: Instance) -> None:
    issued = instance.tokens()
    token = issued["refresh_token"]
    instance.post("/revoke", token=token, token_type_hint="access_token").raise_for_status()
    assert not instance.is_active(issued["access_token"])


def test_a_public_client_revokes_its_own_token(
    instance: Instance, public: RegisteredClient
) -> None:
    issued = instance.tokens(public)
    assert instance.post("/revoke", public, token=issued["refresh_token"]).status_code == 200
    assert problem(instance.refresh(issued["refresh_token"], public)) == (400, "invalid_grant")


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_a_token_of_another_client_is_not_revoked(
    instance: Instance, stranger: RegisteredClient, kind: str
) -> None:
    issued = instance.tokens()
    assert instance.post("/revoke", stranger, token=issued[kind]).status_code == 200
    assert instance.is_active(issued[kind])


def test_a_token_of_a_client_disabled_since_is_inactive(instance: Instance) -> None:
    short = instance.apply_client("short")
    token = instance.post("/token", short, grant_type="client_credentials").json()["access_token"]
    assert instance.is_active(token)
    instance.apply_client("short", enabled=False)
    assert not instance.is_active(token)


def test_a_clients_own_token_is_revoked_too(instance: Instance) -> None:
    issued = instance.post("/token", grant_type="client_credentials").json()
    instance.post("/revoke", token=issued["access_token"]).raise_for_status()
    assert not instance.is_active(issued["access_token"])
