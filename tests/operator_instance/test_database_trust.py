"""A PostgreSQL with TLS: whom the operator and the server believe, and whom they do not."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from authly_operator import entropy, material
from authly_operator.api import authly_server
from authly_operator.instance import database, registry, trust
from authly_operator.material import database_url
from authly_operator.observed import Identity, SecretData, ServerObserved
from authly_server.storage import migration
from throwaway import certificates, postgres as throwaway_postgres


NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ELSEWHERE = "127.0.0.2"
"""PostgreSQL listens there too, and its certificate is not for that address."""
ENCRYPTED = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"


@dataclass(frozen=True)
class Secured:
    """A PostgreSQL with TLS, and the certificate authority that it is known by."""

    cluster: throwaway_postgres.Cluster
    pem: str


@pytest.fixture(scope="module")
def secured() -> Iterator[Secured]:
    cluster = throwaway_postgres.create()
    try:
        cluster.settings["listen_addresses"] = f"127.0.0.1,{ELSEWHERE}"
        yield Secured(cluster, cluster.secure())
    finally:
        cluster.close()


@pytest.fixture
def credentials(secured: Secured) -> Callable[..., dict[str, str]]:
    """What the credentials Secret of a server with such an external database holds."""

    def drawn(pem: str | None = None, **fields: Any) -> dict[str, str]:
        external = {
            "host": "127.0.0.1",
            "port": secured.cluster.port,
            "name": "postgres",
            "caSecretRef": {"name": "trust"},
            "credentialsSecretRef": {"name": "owner"},
            **fields,
        }
        given = {"issuer": "https://auth.example.com", "database": {"external": external}}
        owner = {"username": "owner", "password": throwaway_postgres.PASSWORD}
        seen = ServerObserved(
            identity=Identity(name="main", namespace="auth", uid="u", generation=1),
            secrets={
                "owner": SecretData(owner),
                "trust": SecretData({"ca.crt": pem or secured.pem}),
            },
        )
        spec = authly_server.Spec.model_validate(given)
        made = material.draw(spec, seen, NOW, bytes(64), entropy.draw_rsa_key)
        assert made.missing == ()
        return dict(made.credentials)

    return drawn


Credentials = Callable[..., dict[str, str]]


def operators(had: dict[str, str], key: str = "MIGRATION_DATABASE_URL") -> str:
    """The URL as the operator connects by it."""
    return trust.rooted(had[key], had.get(database_url.AUTHORITY))


@pytest.fixture
def stranger(tmp_path: Path) -> str:
    """A certificate authority that did not sign the server's certificate."""
    certificates.write(tmp_path)
    return (tmp_path / "authority.pem").read_text()


async def test_a_database_is_believed_by_its_authority(credentials: Credentials) -> None:
    url = operators(credentials())

    assert (await database.probe(url)).error is None
    with psycopg.connect(url) as connection:
        assert connection.execute(ENCRYPTED).fetchone() == (True,)


async def test_a_database_of_another_authority_is_not_believed(
    credentials: Credentials, stranger: str
) -> None:
    fault = (await database.probe(operators(credentials(pem=stranger)))).error

    assert fault is not None
    assert "certificate verify failed" in fault
    assert throwaway_postgres.PASSWORD not in fault


async def test_another_host_with_the_certificate_is_believed_only_by_verify_ca(
    credentials: Credentials,
) -> None:
    fault = (await database.probe(operators(credentials(host=ELSEWHERE)))).error

    assert fault is not None
    assert "does not match host name" in fault
    lenient = operators(credentials(host=ELSEWHERE, sslMode="VerifyCA"))
    assert (await database.probe(lenient)).error is None


async def test_require_encrypts_and_believes_everybody(credentials: Credentials) -> None:
    url = operators(credentials(host=ELSEWHERE, sslMode="Require", caSecretRef=None))

    with psycopg.connect(url) as connection:
        assert connection.execute(ENCRYPTED).fetchone() == (True,)


async def test_an_authority_that_changes_is_a_file_of_its_own(
    credentials: Credentials, stranger: str
) -> None:
    good = operators(credentials())
    assert (await database.probe(good)).error is None

    assert (await database.probe(operators(credentials(pem=stranger)))).error is not None
    assert (await database.probe(good)).error is None


async def test_the_migrated_database_answers_the_operators_own_role_by_tls(
    secured: Secured, credentials: Credentials
) -> None:
    secured.cluster.create_database("shop")
    had = credentials(name="shop")
    migration.run(
        operators(had),
        server_url=operators(had, "DATABASE_URL"),
        operator_url=operators(had, "OPERATOR_DATABASE_URL"),
    )

    try:
        probe = await registry.observe_instance(operators(had, "OPERATOR_DATABASE_URL"))
    finally:
        registry.close()

    assert probe.schema_revision is not None
    with psycopg.connect(operators(had, "DATABASE_URL")) as connection:
        assert connection.execute(ENCRYPTED).fetchone() == (True,)
        assert connection.execute("SELECT current_user").fetchone() == ("shop_server",)
