"""Where the owner of a database of others is found, and what is told where it is not."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from authly_operator import entropy, material
from authly_operator.api import authly_server
from authly_operator.material import database_url
from authly_operator.observed import ServerObserved


Spec = Callable[..., authly_server.Spec]
Seen = Callable[..., ServerObserved]
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
FIELDS = {
    "host": "db.example.com",
    "caSecretRef": {"name": "trust"},
    "credentialsSecretRef": {"name": "owner"},
}
URL = {"secretRef": {"name": "pg", "key": "url"}}
SECRETS = {
    "trust": {"ca.crt": PEM},
    "owner": {"username": "boss", "password": "p@ss/word"},
    "pg": {"url": "postgresql://boss:hunter2@db.example.com:6432/shop"},
}
CLUSTER = {
    "main-database-app": {"username": "authly", "password": "drawn", "dbname": "authly"},
    "main-database-ca": {"ca.crt": PEM, "ca.key": "nobody needs it"},
}
SETTINGS = {"algorithm": "EdDSA"}


@pytest.fixture
def draw(server_spec: Spec, seen: Seen) -> Callable[..., material.Material]:
    def drawn(database: dict[str, Any], secrets: dict[str, Any]) -> material.Material:
        spec = server_spec(database=database, signingKeys=SETTINGS)
        return material.draw(spec, seen(secrets), NOW, bytes(64), entropy.draw_rsa_key)

    return drawn


Draw = Callable[..., material.Material]


def parameters(url: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(url).query)


def test_fields_become_three_urls_that_verify_in_full(draw: Draw) -> None:
    had = draw({"external": FIELDS}, SECRETS).credentials

    owner, server = urlsplit(had["MIGRATION_DATABASE_URL"]), urlsplit(had["DATABASE_URL"])
    assert owner.netloc == "boss:p%40ss%2Fword@db.example.com:5432"
    assert (owner.path, server.path) == ("/authly", "/authly")
    assert (server.username, server.port) == ("authly_server", 5432)
    for key in ("MIGRATION_DATABASE_URL", "DATABASE_URL", "OPERATOR_DATABASE_URL"):
        assert parameters(had[key]) == {
            "sslmode": ["verify-full"],
            "sslrootcert": [database_url.AUTHORITY_FILE],
        }
    assert had[database_url.AUTHORITY] == PEM


@pytest.mark.parametrize(
    ("mode", "written"),
    [("Disable", "disable"), ("Require", "require")],
)
def test_an_ssl_mode_without_verification_needs_no_authority(
    draw: Draw, mode: str, written: str
) -> None:
    fields = {**FIELDS, "sslMode": mode, "port": 6432, "name": "shop", "caSecretRef": None}
    had = draw({"external": fields}, SECRETS).credentials

    assert urlsplit(had["DATABASE_URL"]).netloc.endswith("@db.example.com:6432")
    assert parameters(had["DATABASE_URL"]) == {"sslmode": [written]}
    assert database_url.AUTHORITY not in had


def test_an_address_of_version_six_is_bracketed(draw: Draw) -> None:
    had = draw({"external": {**FIELDS, "host": "fd00::1"}}, SECRETS).credentials

    assert urlsplit(had["DATABASE_URL"]).hostname == "fd00::1"


def test_the_url_of_a_secret_is_verified_in_full_by_an_authority(draw: Draw) -> None:
    had = draw({"external": {**URL, "caSecretRef": {"name": "trust"}}}, SECRETS).credentials

    assert parameters(had["DATABASE_URL"])["sslmode"] == ["verify-full"]


def test_the_sslmode_of_a_url_stays(draw: Draw) -> None:
    url = "postgresql://boss:hunter2@db/shop?sslmode=verify-ca"
    had = draw(
        {"external": {**URL, "caSecretRef": {"name": "trust"}}}, {**SECRETS, "pg": {"url": url}}
    ).credentials

    assert parameters(had["MIGRATION_DATABASE_URL"]) == {
        "sslmode": ["verify-ca"],
        "sslrootcert": [database_url.AUTHORITY_FILE],
    }


def test_an_authority_that_is_asked_for_no_more_leaves_the_secret(draw: Draw) -> None:
    before = draw({"external": FIELDS}, SECRETS).credentials
    fields = {**FIELDS, "sslMode": "Require", "caSecretRef": None}
    after = draw({"external": fields}, {**SECRETS, "main-credentials": dict(before)})

    assert database_url.AUTHORITY not in after.credentials


@pytest.mark.parametrize(
    ("secrets", "says"),
    [
        ({"trust": {}}, "key ca.crt of Secret trust (database.external.caSecretRef)"),
        ({"trust": {"ca.crt": "hello"}}, "is no certificate"),
        ({"owner": {"username": "boss"}}, "key password of Secret owner (database.external.cred"),
        ({"owner": {"password": "p"}}, "key username of Secret owner (database.external.cred"),
    ],
)
def test_what_is_missing_is_told_and_nothing_is_made_up(
    draw: Draw, secrets: dict[str, Any], says: str
) -> None:
    made = draw({"external": FIELDS}, {**SECRETS, **secrets})

    assert not made.complete
    assert says in made.missing[0]
    assert "DATABASE_URL" not in made.credentials


def test_a_cluster_is_reached_by_what_cloudnativepg_wrote(draw: Draw) -> None:
    had = draw({"cloudNativePG": {"template": {}}}, CLUSTER).credentials

    owner = urlsplit(had["MIGRATION_DATABASE_URL"])
    assert owner.netloc == "authly:drawn@main-database-rw.auth.svc:5432"
    assert parameters(had["DATABASE_URL"])["sslmode"] == ["verify-full"]
    assert had[database_url.AUTHORITY] == PEM
    assert "nobody needs it" not in had.values()


def test_a_cluster_of_others_is_reached_by_its_name(draw: Draw) -> None:
    secrets = {name.replace("main-database", "shared"): data for name, data in CLUSTER.items()}
    had = draw({"cloudNativePG": {"clusterRef": {"name": "shared"}}}, secrets).credentials

    assert urlsplit(had["DATABASE_URL"]).hostname == "shared-rw.auth.svc"


def test_a_cluster_without_its_secrets_is_waited_for(draw: Draw) -> None:
    made = draw({"cloudNativePG": {"template": {}}}, {})

    assert "Secret main-database-app (database.cloudNativePG)" in made.missing[0]
