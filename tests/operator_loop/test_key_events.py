"""What is told of signing keys: in the status without their secrets, and by events."""

import json
from typing import Any

import pytest

from authly_operator import observed
from authly_operator.api import authly_server
from authly_operator.observed import Identity, SecretData, ServerObserved
from authly_operator.reconcile import key_events, server_status


IDENTITY = Identity(name="main", namespace="auth", uid="u", generation=1)
TIMES = {"publishedAt": "2026-03-01T12:00:00Z", "activeAt": "2026-03-01T12:10:00Z"}


def key(kid: str, state: str, **times: str) -> dict[str, str]:
    return {"kid": kid, "alg": "ES256", "state": state, **times}


def facts(document: str, algorithm: str = "ES256") -> Any:
    spec = authly_server.Spec.model_validate(
        {
            "issuer": "https://auth.example.com",
            "database": {"managed": {}},
            "signingKeys": {"algorithm": algorithm},
        }
    )
    secrets = {"main-signing-keys": SecretData({"keyring.json": document})}
    seen = ServerObserved(identity=IDENTITY, settings=observed.Settings(), secrets=secrets)
    return server_status.facts(spec, seen)["signingKeys"]


def test_the_status_names_keys_states_and_times_and_no_private_key() -> None:
    entry = {**key("a", "Active", **TIMES), "privateKey": "canary"}
    assert facts(json.dumps({"keys": [entry]})) == [key("a", "Active", **TIMES)]


def test_the_status_says_when_a_published_key_signs_and_names_the_signing_one_first() -> None:
    ring = [
        key("old", "Retiring"),
        {**key("id", "Active"), "alg": "RS256"},
        key("a", "Active"),
        key("b", "Published", publishedAt="2026-03-01T12:00:00Z"),
    ]
    told = facts(json.dumps({"keys": [{**one, "privateKey": "canary"} for one in ring]}))
    assert [one["kid"] for one in told] == ["a", "id", "old", "b"]
    assert [one.get("signsFrom") for one in told] == [None, None, None, "2026-03-01T12:10:00Z"]


@pytest.mark.parametrize(("document", "algorithm"), [("{", "ES256"), ('{"keys": []}', "HS256")])
def test_the_status_names_no_keys_where_none_are_read(document: str, algorithm: str) -> None:
    assert facts(document, algorithm) is None


def test_each_step_of_a_key_is_an_event() -> None:
    before = [key("a", "Active"), key("b", "Published"), key("c", "Retiring")]
    after = [
        key("a", "Retiring", retireAt="2026-03-02T12:20:00Z"),
        key("b", "Active"),
        key("d", "Published"),
    ]
    assert list(key_events.steps(before, after)) == [
        (
            "SigningKeyRetiring",
            "key a (ES256) signs no more, and verifies until 2026-03-02T12:20:00Z",
        ),
        ("SigningKeyActivated", "key b (ES256) signs"),
        (
            "SigningKeyPublished",
            "key d (ES256) is published, and signs when whoever verifies must know it",
        ),
        ("SigningKeyRemoved", "key c is gone, and verifies nothing any more"),
    ]


def test_a_ring_that_stays_is_no_event() -> None:
    ring = [key("a", "Active"), key("b", "Retiring")]
    assert list(key_events.steps(ring, ring)) == []
