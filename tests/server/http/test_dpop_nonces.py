"""T23: DPOP_NONCE_REQUIRED; proofs need a nonce that the server gave a moment ago."""

import contextlib

import pytest
from tests.server.http import possessing

from throwaway import server as throwaway_server
from throwaway.instance import Instance, problem
from throwaway.signer import Signer


KEY = Signer.draw("ES256")
FORM = {"grant_type": "client_credentials"}


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"CACHE_TTL": "0", "DPOP_NONCE_REQUIRED": "true"}


def nonce(instance: Instance) -> str:
    """What the first refusal brings."""
    answer = possessing.send(instance, KEY, **FORM)
    assert problem(answer) == (400, "use_dpop_nonce")
    return answer.headers["DPoP-Nonce"]


def test_a_proof_with_the_nonce_that_was_given_is_accepted(instance: Instance) -> None:
    proved = possessing.proof(KEY, nonce=nonce(instance))
    answer = possessing.send(instance, KEY, proved=proved, **FORM)
    assert answer.status_code == 200
    assert answer.headers["DPoP-Nonce"]


@pytest.mark.parametrize("value", ["x", "é", "A" * 43])
def test_another_nonce_is_refused_and_the_right_one_told(instance: Instance, value: str) -> None:
    answer = possessing.send(instance, KEY, proved=possessing.proof(KEY, nonce=value), **FORM)
    assert problem(answer) == (400, "use_dpop_nonce")
    proved = possessing.proof(KEY, nonce=answer.headers["DPoP-Nonce"])
    assert possessing.send(instance, KEY, proved=proved, **FORM).status_code == 200


def test_userinfo_asks_for_it_by_a_challenge(instance: Instance) -> None:
    given = nonce(instance)
    proved = possessing.proof(KEY, nonce=given)
    token = possessing.send(instance, KEY, proved=proved, **FORM).json()["access_token"]
    answer = possessing.userinfo(instance, token, possessing.proof(KEY, "/userinfo", "GET", token))
    assert problem(answer) == (401, "use_dpop_nonce")
    assert 'error="use_dpop_nonce"' in answer.headers["WWW-Authenticate"]
    assert answer.headers["DPoP-Nonce"] == given


def test_a_nonce_of_one_replica_is_good_at_another(instance: Instance) -> None:
    given = nonce(instance)
    with contextlib.closing(throwaway_server.replicate(instance.server)) as replica:
        answer = instance.http.post(
            f"{replica.base_url}/token",
            auth=instance.shop.basic,
            data=FORM,
            headers={"DPoP": possessing.proof(KEY, nonce=given)},
        )
    assert answer.status_code == 200


def test_requests_without_a_proof_need_none(instance: Instance) -> None:
    answer = instance.post("/token", **FORM)
    assert answer.status_code == 200
    assert "DPoP-Nonce" not in answer.headers
