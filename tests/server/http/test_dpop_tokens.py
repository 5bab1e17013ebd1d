"""T23 where it works: tokens that are worth something to one key only, RFC 9449."""

from typing import Any

import jwt
import pytest
from tests.server.http import possessing

from authly_server.protocol import dpop, public_key
from throwaway.browser import VERIFIER, asking, told
from throwaway.instance import Instance, problem
from throwaway.registration import RegisteredClient
from throwaway.signer import Signer


@pytest.fixture(scope="module")
def key() -> Signer:
    return Signer.draw("ES256")


@pytest.fixture(scope="module")
def other_key() -> Signer:
    return Signer.draw("EdDSA")


@pytest.fixture(scope="module")
def app(instance: Instance) -> RegisteredClient:
    """A public client."""
    return instance.apply_client("app", auth_method="none")


@pytest.fixture(scope="module")
def careful(instance: Instance) -> RegisteredClient:
    """A client that has no other tokens than bound ones."""
    return instance.apply_client("careful", dpop_bound=True)


def thumbprint(key: Signer) -> str:
    return dpop.thumbprint(public_key.parse(possessing.jwk(key)))


def redeem(
    instance: Instance, code: str, key: Signer, client: RegisteredClient | None = None, /
) -> Any:
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER}
    return possessing.send(instance, key, client, **form)


def refresh(
    instance: Instance, token: str, key: Signer, client: RegisteredClient | None = None, /
) -> Any:
    form = {"grant_type": "refresh_token", "refresh_token": token}
    return possessing.send(instance, key, client, **form)


@pytest.mark.parametrize("alg", ["ES256", "EdDSA", "RS256", "PS256"])
def test_a_token_is_bound_to_the_key_that_was_proved(instance: Instance, alg: str) -> None:
    key = Signer.draw(alg)
    answer = redeem(instance, instance.code(scope="profile"), key)
    assert answer.status_code == 200
    assert answer.json()["token_type"] == "DPoP"
    token = answer.json()["access_token"]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["cnf"] == {"jkt": thumbprint(key)}
    introspected = instance.post("/introspect", token=token).json()
    assert (introspected["token_type"], introspected["cnf"]) == ("DPoP", claims["cnf"])
    proved = possessing.proof(key, "/userinfo", "GET", token)
    assert possessing.userinfo(instance, token, proved).status_code == 200


def test_a_bound_token_is_no_bearer_token(instance: Instance, key: Signer) -> None:
    token = redeem(instance, instance.code(scope="profile"), key).json()["access_token"]
    assert problem(instance.userinfo(token)) == (401, "invalid_token")
    in_form = instance.http.post("/userinfo", data={"access_token": token})
    assert problem(in_form) == (401, "invalid_token")
    proved = possessing.proof(key, "/userinfo", "GET", token)
    as_bearer = possessing.userinfo(instance, token, proved, scheme="Bearer")
    assert problem(as_bearer) == (401, "invalid_token")


def test_a_bearer_token_cannot_be_presented_as_a_bound_one(instance: Instance, key: Signer) -> None:
    token = instance.tokens(scope="profile")["access_token"]
    proved = possessing.proof(key, "/userinfo", "GET", token)
    answer = possessing.userinfo(instance, token, proved)
    assert problem(answer) == (401, "invalid_token")
    assert answer.headers["WWW-Authenticate"].startswith('DPoP realm="authly", error="invalid_to')


def test_a_client_without_anybody_gets_bound_tokens_too(instance: Instance, key: Signer) -> None:
    answer = possessing.send(instance, key, grant_type="client_credentials")
    assert answer.json()["token_type"] == "DPoP"


def test_a_client_of_bound_tokens_gets_no_others(
    instance: Instance, key: Signer, careful: RegisteredClient
) -> None:
    code = instance.code(careful)
    assert problem(instance.exchange(code, careful)) == (400, "invalid_dpop_proof")
    answer = instance.post("/token", careful, grant_type="client_credentials")
    assert problem(answer) == (400, "invalid_dpop_proof")
    issued = redeem(instance, code, key, careful)
    assert issued.json()["token_type"] == "DPoP"
    unproved = instance.refresh(issued.json()["refresh_token"], careful)
    assert problem(unproved) == (400, "invalid_dpop_proof")


def test_a_public_clients_refresh_token_is_bound_to_its_key(
    instance: Instance, key: Signer, other_key: Signer, app: RegisteredClient
) -> None:
    issued = redeem(instance, instance.code(app), key, app).json()
    token = issued["refresh_token"]
    assert problem(refresh(instance, token, other_key, app)) == (400, "invalid_grant")
    assert problem(instance.refresh(token, app)) == (400, "invalid_grant")
    renewed = refresh(instance, token, key, app)
    assert renewed.status_code == 200
    assert instance.is_active(issued["access_token"])


def test_a_stolen_refresh_token_without_its_key_ends_nothing(
    instance: Instance, key: Signer, other_key: Signer, app: RegisteredClient
) -> None:
    first = redeem(instance, instance.code(app), key, app).json()["refresh_token"]
    second = refresh(instance, first, key, app).json()["refresh_token"]
    instance.execute("UPDATE authly.tokens SET rotated_at = rotated_at - interval '1 minute'")
    assert problem(refresh(instance, first, other_key, app)) == (400, "invalid_grant")
    assert refresh(instance, second, key, app).status_code == 200
    assert problem(refresh(instance, first, key, app)) == (400, "invalid_grant")
    replays = "SELECT count(*) FROM authly.audit_log WHERE event = 'refresh_token_replayed'"
    assert instance.fetch(replays) == 1


def test_a_public_client_that_begins_to_prove_its_key_has_to_go_on(
    instance: Instance, key: Signer, other_key: Signer, app: RegisteredClient
) -> None:
    unbound = instance.tokens(app)["refresh_token"]
    bound = refresh(instance, unbound, key, app).json()["refresh_token"]
    assert problem(instance.refresh(bound, app)) == (400, "invalid_grant")
    assert problem(refresh(instance, bound, other_key, app)) == (400, "invalid_grant")
    assert refresh(instance, bound, key, app).status_code == 200


def test_a_confidential_clients_refresh_token_is_bound_to_the_client_alone(
    instance: Instance, key: Signer, other_key: Signer
) -> None:
    token = redeem(instance, instance.code(), key).json()["refresh_token"]
    renewed = refresh(instance, token, other_key)
    claims = jwt.decode(renewed.json()["access_token"], options={"verify_signature": False})
    assert claims["cnf"] == {"jkt": thumbprint(other_key)}
    again = instance.refresh(renewed.json()["refresh_token"])
    assert again.json()["token_type"] == "Bearer"


def test_a_code_that_is_bound_to_a_key_is_good_for_no_other(
    instance: Instance, key: Signer, other_key: Signer
) -> None:
    code = instance.code(dpop_jkt=thumbprint(key))
    assert problem(redeem(instance, code, other_key)) == (400, "invalid_grant")
    assert problem(instance.exchange(code)) == (400, "invalid_grant")
    issued = redeem(instance, code, key)
    assert issued.status_code == 200
    assert problem(redeem(instance, code, other_key)) == (400, "invalid_grant")
    assert instance.is_active(issued.json()["access_token"])


@pytest.mark.parametrize("dpop_jkt", ["x", "x" * 44, "+" * 43, "é" * 43])
def test_a_malformed_thumbprint_is_refused(instance: Instance, dpop_jkt: str) -> None:
    answer = instance.http.get("/authorize", params=asking(instance.shop, dpop_jkt=dpop_jkt))
    assert told(answer)["error"] == "invalid_request"


def test_a_request_that_is_pushed_with_a_proof_is_bound_to_its_key(
    instance: Instance, key: Signer, other_key: Signer
) -> None:
    headers = {"DPoP": possessing.proof(key, "/par")}
    form = asking(instance.shop)
    pushed = instance.http.post("/par", auth=instance.shop.basic, data=form, headers=headers)
    sent = {"client_id": "shop", "request_uri": pushed.json()["request_uri"]}
    code = told(instance.person.client.get("/authorize", params=sent))["code"]
    assert problem(redeem(instance, code, other_key)) == (400, "invalid_grant")
    assert redeem(instance, code, key).status_code == 200


def test_a_proof_of_another_key_than_the_request_names_is_refused(
    instance: Instance, key: Signer, other_key: Signer
) -> None:
    form = asking(instance.shop, dpop_jkt=thumbprint(other_key))
    for proved, status in ((key, 400), (other_key, 201)):
        headers = {"DPoP": possessing.proof(proved, "/par")}
        answer = instance.http.post("/par", auth=instance.shop.basic, data=form, headers=headers)
        assert answer.status_code == status


def test_the_metadata_says_which_proofs_are_understood(instance: Instance) -> None:
    told = instance.http.get("/.well-known/oauth-authorization-server").json()
    assert told["dpop_signing_alg_values_supported"] == ["ES256", "EdDSA", "PS256", "RS256"]
