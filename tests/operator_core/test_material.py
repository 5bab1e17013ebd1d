import functools
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import given, settings, strategies as st

from authly_operator import entropy, material
from authly_operator.api import authly_server
from authly_operator.material import database_url, keyring, rotation
from authly_operator.observed import Identity, SecretData, ServerObserved


Spec = Callable[..., authly_server.Spec]
Seen = Callable[..., ServerObserved]
ENTROPY = bytes(range(64))
OTHER = bytes(64)
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@functools.cache
def rsa_key() -> str:
    """One for all: its primes take long."""
    return entropy.draw_rsa_key()


def no_rsa() -> str:
    pytest.fail("an RSA key was drawn for nothing")


def secrets_of(made: material.Material) -> dict[str, dict[str, str]]:
    ring = {} if made.keyring is None else {keyring.KEY: made.keyring}
    return {"main-credentials": dict(made.credentials), "main-signing-keys": ring}


def entries(made: material.Material) -> list[dict[str, Any]]:
    parsed: list[dict[str, Any]] = json.loads(made.keyring or "")["keys"]
    return parsed


def test_a_new_server_gets_every_credential(server_spec: Spec, seen: Seen) -> None:
    made = material.draw(server_spec(), seen(), NOW, ENTROPY, rsa_key)

    assert set(made.credentials) == {
        "postgres-password", "server-password", "operator-password", "SECRET_KEY",
        "JWT_SECRET_KEY", "JWT_REFRESH_SECRET_KEY", "ADMIN_EMAIL", "ADMIN_PASSWORD",
        "DATABASE_URL", "MIGRATION_DATABASE_URL", "OPERATOR_DATABASE_URL",
    }  # fmt: skip
    assert made.complete


def test_no_two_credentials_are_alike(server_spec: Spec, seen: Seen) -> None:
    values = material.draw(server_spec(), seen(), NOW, ENTROPY, rsa_key).credentials.values()

    assert len(set(values)) == len(values)


def test_what_was_observed_is_never_drawn_again(server_spec: Spec, seen: Seen) -> None:
    first = material.draw(server_spec(), seen(), NOW, ENTROPY, rsa_key)

    assert material.draw(server_spec(), seen(secrets_of(first)), NOW, OTHER, no_rsa) == first


def test_a_missing_value_is_added_and_the_others_stay(server_spec: Spec, seen: Seen) -> None:
    first = material.draw(server_spec(), seen(), NOW, ENTROPY, rsa_key)
    kept = {key: value for key, value in first.credentials.items() if key != "SECRET_KEY"}

    again = material.draw(server_spec(), seen({"main-credentials": kept}), NOW, OTHER, rsa_key)

    assert kept.items() <= again.credentials.items()
    assert again.credentials["SECRET_KEY"] != first.credentials["SECRET_KEY"]


def test_a_representation_shows_no_value(server_spec: Spec, seen: Seen) -> None:
    made = material.draw(server_spec(), seen(), NOW, ENTROPY, rsa_key)

    assert not any(value in repr(made) for value in made.credentials.values())
    assert "PRIVATE KEY" not in repr(made)


def test_too_little_entropy_is_refused(server_spec: Spec, seen: Seen) -> None:
    with pytest.raises(ValueError, match="64 random bytes"):
        material.draw(server_spec(), seen(), NOW, ENTROPY[:-1], no_rsa)


def test_a_managed_database_is_reached_by_its_service(server_spec: Spec, seen: Seen) -> None:
    url = urlsplit(
        material.draw(server_spec(), seen(), NOW, ENTROPY, rsa_key).credentials["DATABASE_URL"]
    )

    assert (url.hostname, url.port, url.path) == ("main-database.auth.svc", 5432, "/authly")
    assert url.username == "authly_server"


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA"])
def test_the_first_key_is_active_and_usable(server_spec: Spec, seen: Seen, algorithm: str) -> None:
    spec = server_spec(signingKeys={"algorithm": algorithm})

    keys = entries(material.draw(spec, seen(), NOW, ENTROPY, rsa_key))

    assert [(key["alg"], key["state"]) for key in keys] == [
        (algorithm, "Active"),
        ("RS256", "Active"),
    ]
    for key in keys:
        serialization.load_pem_private_key(key["privateKey"].encode(), password=None)


def test_an_rsa_key_is_the_one_handed_in(server_spec: Spec, seen: Seen) -> None:
    spec = server_spec(signingKeys={"algorithm": "RS256"})

    (key,) = entries(material.draw(spec, seen(), NOW, ENTROPY, rsa_key))

    assert (key["alg"], key["state"], key["privateKey"]) == ("RS256", "Active", rsa_key())


def test_a_ring_without_an_rsa_key_is_given_one_and_keeps_the_others(
    server_spec: Spec, seen: Seen
) -> None:
    had = entries(material.draw(server_spec(), seen(), NOW, ENTROPY, rsa_key))[:1]
    old = [{key: had[0][key] for key in ("kid", "alg", "state", "privateKey")}]
    observed = seen({"main-signing-keys": {keyring.KEY: json.dumps({"keys": old})}})

    keys = entries(material.draw(server_spec(), observed, NOW, OTHER, rsa_key))

    assert keys[:1] == had
    assert [(key["alg"], key["state"], key["privateKey"]) for key in keys[1:]] == [
        ("RS256", "Published", rsa_key())
    ]


def test_another_algorithm_is_published_first(server_spec: Spec, seen: Seen) -> None:
    first = material.draw(server_spec(), seen(), NOW, ENTROPY, rsa_key)
    spec = server_spec(signingKeys={"algorithm": "EdDSA"})

    made = material.draw(spec, seen(secrets_of(first)), NOW, OTHER, no_rsa)

    assert [(key["alg"], key["state"]) for key in entries(made)] == [
        ("ES256", "Active"),
        ("RS256", "Active"),
        ("EdDSA", "Published"),
    ]
    assert made.next_step == NOW + rotation.PUBLISHED_FOR


def test_hs256_needs_no_ring_and_keeps_the_one_there_is(server_spec: Spec, seen: Seen) -> None:
    spec = server_spec(signingKeys={"algorithm": "HS256"})
    first = material.draw(server_spec(), seen(), NOW, ENTROPY, rsa_key)

    assert material.draw(spec, seen(), NOW, ENTROPY, no_rsa).keyring is None
    assert material.draw(spec, seen(secrets_of(first)), NOW, OTHER, no_rsa).keyring == first.keyring


@pytest.mark.parametrize("ring", ["{", "[]", "{}", '{"keys": [{}]}', '{"keys": 7}', '{"keys":[1]}'])
def test_a_malformed_ring_stays_and_stops_the_roll_out(
    server_spec: Spec, seen: Seen, ring: str
) -> None:
    made = material.draw(
        server_spec(), seen({"main-signing-keys": {keyring.KEY: ring}}), NOW, ENTROPY, rsa_key
    )

    assert made.keyring == ring
    assert not made.complete
    assert "malformed" in made.missing[0]


EXTERNAL = {"external": {"secretRef": {"name": "pg", "key": "url"}}}


def test_an_external_database_keeps_its_place_and_gets_its_own_roles(
    server_spec: Spec, seen: Seen
) -> None:
    owner = "postgresql://boss:p%40ss@db.example.com:6432/shop?sslmode=require"
    made = material.draw(
        server_spec(database=EXTERNAL), seen({"pg": {"url": owner + "\n"}}), NOW, ENTROPY, rsa_key
    )

    assert made.credentials["MIGRATION_DATABASE_URL"] == owner
    assert made.credentials["DATABASE_URL"].startswith("postgresql://shop_server:")
    assert made.credentials["OPERATOR_DATABASE_URL"].endswith(
        "@db.example.com:6432/shop?sslmode=require"
    )


@pytest.mark.parametrize(
    ("secrets", "words"),
    [
        ({}, "does not exist or is empty"),
        ({"pg": {"uri": "postgresql://a:b@c/d"}}, "does not exist or is empty"),
        ({"pg": {"url": ""}}, "does not exist or is empty"),
        ({"pg": {"url": "mysql://hunter2@c/d"}}, "must be postgresql://"),
        ({"pg": {"url": "postgresql://hunter2@c"}}, "must be postgresql://"),
        ({"pg": {"url": "postgresql://hunter2@[c/d"}}, "not a URL"),
        ({"pg": {"url": "postgresql://hunter2@c/" + "n" * 53}}, "at most 52 bytes"),
    ],
)
def test_an_unusable_reference_is_told_of_and_nothing_is_made_up(
    server_spec: Spec, seen: Seen, secrets: dict[str, dict[str, str]], words: str
) -> None:
    made = material.draw(server_spec(database=EXTERNAL), seen(secrets), NOW, ENTROPY, rsa_key)

    assert words in made.missing[0]
    assert "hunter2" not in made.missing[0]
    assert "DATABASE_URL" not in made.credentials


def test_a_missing_administrator_is_told_of_and_no_password_made_up(
    server_spec: Spec, seen: Seen
) -> None:
    spec = server_spec(bootstrapAdmin={"secretRef": {"name": "admin"}})

    made = material.draw(spec, seen(), NOW, ENTROPY, no_rsa)

    assert "Secret admin (bootstrapAdmin.secretRef)" in made.missing[0]
    assert "ADMIN_PASSWORD" not in made.credentials
    assert made.keyring is None


def test_a_given_administrator_is_taken_over(server_spec: Spec, seen: Seen) -> None:
    spec = server_spec(bootstrapAdmin={"secretRef": {"name": "admin"}})
    given_admin = {"ADMIN_EMAIL": "root@example.com", "ADMIN_PASSWORD": "correct horse"}

    made = material.draw(spec, seen({"admin": given_admin}), NOW, ENTROPY, rsa_key)

    assert given_admin.items() <= made.credentials.items()


@given(password=st.text(min_size=1).filter(lambda text: text.isprintable()))
def test_any_password_survives_its_url(password: str) -> None:
    roles = database_url.Roles(server=password, operator="x")
    urls = database_url.external("postgresql://o:p@h:1/d", roles)

    assert unquote(urlsplit(urls.server).password or "") == password


@settings(deadline=None, max_examples=20)  # each reads an RSA key, which is checked
@given(first=st.binary(min_size=64, max_size=64), second=st.binary(min_size=64, max_size=64))
def test_a_second_draw_never_changes_the_first(first: bytes, second: bytes) -> None:
    spec = authly_server.Spec.model_validate(
        {"issuer": "https://auth.example.com", "database": {"managed": {}}}
    )
    identity = Identity(name="main", namespace="auth", uid="u", generation=1)
    made = material.draw(spec, ServerObserved(identity=identity), NOW, first, rsa_key)
    data = {name: SecretData(values) for name, values in secrets_of(made).items()}

    again = material.draw(
        spec, ServerObserved(identity=identity, secrets=data), NOW, second, no_rsa
    )

    assert again == made
    assert json.loads(made.keyring or "")["keys"]
