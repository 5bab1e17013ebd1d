"""SigningKeysReady while keys change, and of keys that are the user's own."""

import json
from typing import Any

import pytest
from tests.operator_conditions.verdicts import Judge

from authly_operator.observed import SecretData


ACTIVE = {"kid": "k1", "alg": "ES256", "state": "Active", "privateKey": "PEM"}
RSA = {"kid": "k2", "alg": "RS256", "state": "Active", "privateKey": "PEM"}
COMING = {
    "kid": "k3",
    "alg": "ES256",
    "state": "Published",
    "privateKey": "PEM",
    "publishedAt": "2026-03-01T12:00:00Z",
}


def ring(*keys: dict[str, str]) -> dict[str, SecretData]:
    return {"main-signing-keys": SecretData({"keyring.json": json.dumps({"keys": keys})})}


def test_a_rotation_is_told_with_the_time_at_which_the_new_key_signs(judge_server: Judge) -> None:
    judged = judge_server(secrets=ring(ACTIVE, RSA, COMING))
    assert judged["SigningKeysReady"] == (
        "True",
        "KeyRingRotating",
        "Secret main-signing-keys: signing with k1 (ES256) and k2 (RS256);"
        " k3 (ES256) signs from 2026-03-01T12:10:00Z",
    )
    assert judged["Ready"][0] == "True"


def test_the_wanted_algorithm_may_be_published_while_another_signs(judge_server: Judge) -> None:
    other = {**COMING, "alg": "EdDSA"}
    judged = judge_server(
        spec={"signingKeys": {"algorithm": "EdDSA"}}, secrets=ring(ACTIVE, RSA, other)
    )
    assert judged["SigningKeysReady"][:2] == ("True", "KeyRingRotating")


@pytest.mark.parametrize("keys", [[COMING], [{**ACTIVE, "state": "Retiring"}, RSA]])
def test_a_ring_that_does_not_do_is_not_ready(
    judge_server: Judge, keys: list[dict[str, str]]
) -> None:
    judged = judge_server(secrets=ring(*keys))
    assert judged["SigningKeysReady"][:2] == ("False", "SigningKeysMissing")


def test_keys_of_ones_own_that_cannot_be_used_are_told_of(judge_server: Judge) -> None:
    sentence = "key k of Secret own (signingKeys.secretRef) does not exist or is empty"
    reference: dict[str, Any] = {"name": "own", "key": "k"}
    judged = judge_server(
        spec={"signingKeys": {"source": "Existing", "secretRef": reference}},
        missing=(sentence,),
        signing_keys_missing=sentence,
    )
    assert judged["SigningKeysReady"] == (
        "False",
        "ReferenceMissing",
        f"{sentence}: the keys of before go on signing",
    )
    assert judged["Ready"][:2] == ("False", "ReferenceMissing")


def test_a_malformed_ring_is_told_of_before_the_reference(judge_server: Judge) -> None:
    broken = {"main-signing-keys": SecretData({"keyring.json": "{"})}
    judged = judge_server(secrets=broken, signing_keys_missing="anything")
    assert judged["SigningKeysReady"][1] == "SigningKeysMalformed"


HS256 = {"signingKeys": {"algorithm": "HS256"}}
TWO_ACTIVE = (
    '{"keys": [{"kid": "a", "alg": "ES256", "state": "Active", "privateKey": "PEM"},'
    ' {"kid": "b", "alg": "ES256", "state": "Active", "privateKey": "PEM"}]}'
)


NO_RSA = '{"keys": [{"kid": "a", "alg": "ES256", "state": "Active", "privateKey": "PEM"}]}'


@pytest.mark.parametrize(
    ("spec", "secrets", "status", "reason"),
    [
        ({}, {}, "False", "SigningKeysMissing"),
        ({}, {"main-signing-keys": {"keyring.json": NO_RSA}}, "False", "SigningKeysMissing"),
        ({}, {"main-signing-keys": {"keyring.json": "{]"}}, "False", "SigningKeysMalformed"),
        ({}, {"main-signing-keys": {"keyring.json": TWO_ACTIVE}}, "False", "SigningKeysMissing"),
        ({}, {"main-signing-keys": {"other.json": "{}"}}, "False", "SigningKeysMissing"),
        (HS256, {"main-credentials": {"JWT_SECRET_KEY": "drawn"}}, "True", "SharedSecret"),
        (HS256, {"main-credentials": {"SECRET_KEY": "drawn"}}, "False", "SigningKeysMissing"),
    ],
)
def test_signing_keys_are_ready_when_the_secret_was_seen_with_an_active_key_of_each_algorithm(
    judge_server: Judge,
    spec: dict[str, Any],
    secrets: dict[str, dict[str, str]],
    status: str,
    reason: str,
) -> None:
    data = {name: SecretData(values) for name, values in secrets.items()}

    assert judge_server(spec=spec, secrets=data)["SigningKeysReady"][:2] == (status, reason)


def test_the_keys_that_sign_are_named(judge_server: Judge) -> None:
    message = judge_server()["SigningKeysReady"][2]

    assert message == "Secret main-signing-keys: signing with k1 (ES256) and k2 (RS256)"


def test_a_key_of_another_algorithm_does_not_sign(judge_server: Judge) -> None:
    judged = judge_server(spec={"signingKeys": {"algorithm": "EdDSA"}})

    assert judged["SigningKeysReady"][:2] == ("False", "SigningKeysMissing")
    assert "no Active key of EdDSA" in judged["Ready"][2]
