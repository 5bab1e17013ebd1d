"""Tokens of Kubernetes service accounts as client assertions: whose, for whom, and until when."""

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from throwaway import instance as throwaway_instance, publisher
from throwaway.instance import Instance, problem
from throwaway.publisher import Publisher
from throwaway.server import ISSUER
from throwaway.signer import Signer


KIND = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
CLUSTER = "https://kubernetes.default.svc.cluster.local"
ACCOUNT = "system:serviceaccount:shop:backend"


@pytest.fixture(scope="module")
def cluster() -> Signer:
    """The key of the cluster's API server."""
    return Signer.draw("RS256")


@pytest.fixture(scope="module")
def keys_file(cluster: Signer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cluster") / "jwks.json"
    path.write_text(json.dumps(cluster.jwks()))
    return path


@pytest.fixture(scope="module")
def settings(keys_file: Path) -> dict[str, str]:
    return {
        "CACHE_TTL": "0",
        "KUBERNETES_ISSUER": CLUSTER,
        "KUBERNETES_JWKS_FILE": str(keys_file),
    }


@pytest.fixture(scope="module", autouse=True)
def backend(instance: Instance) -> None:
    register(instance, "backend")
    register(instance, "named", service_account_audience="authly")


def register(instance: Instance, client_id: str, **spec: str) -> None:
    instance.apply_client(
        client_id,
        auth_method="service_account",
        secret_sha256=[],
        service_account="shop/backend",
        **spec,
    )


def token(cluster: Signer, **changes: object) -> str:
    """A projected token as the kubelet mounts it, for an hour."""
    now = int(time.time())
    claims = {
        "iss": CLUSTER,
        "sub": ACCOUNT,
        "aud": [ISSUER],
        "iat": now,
        "nbf": now,
        "exp": now + 3607,
        "kubernetes.io": {"namespace": "shop", "serviceaccount": {"name": "backend"}},
        **changes,
    }
    return cluster.sign(
        {name: value for name, value in claims.items() if value is not None}, typ=None
    )


def send(instance: Instance, assertion: str, client_id: str = "backend") -> httpx.Response:
    return instance.http.post(
        "/token",
        data={
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_assertion_type": KIND,
            "client_assertion": assertion,
        },
    )


def test_a_mounted_token_proves_its_client_until_it_is_renewed(
    instance: Instance, cluster: Signer
) -> None:
    mounted = token(cluster)
    for _ in range(3):
        assert send(instance, mounted).status_code == 200


def test_the_metadata_tell_that_service_accounts_are_believed(instance: Instance) -> None:
    told = instance.http.get("/.well-known/oauth-authorization-server").json()
    for endpoint in ("token", "introspection", "revocation"):
        assert "service_account" in told[f"{endpoint}_endpoint_auth_methods_supported"]


def test_the_audience_is_the_clients(instance: Instance, cluster: Signer) -> None:
    assert send(instance, token(cluster, aud=["authly"]), "named").status_code == 200
    for audience, client_id in ((["authly"], "backend"), ([ISSUER], "named")):
        answer = send(instance, token(cluster, aud=audience), client_id)
        assert problem(answer) == (401, "invalid_client")


REFUSED: dict[str, Callable[[], dict[str, object]]] = {
    "another account": lambda: {"sub": "system:serviceaccount:shop:other"},
    "another namespace": lambda: {"sub": "system:serviceaccount:other:backend"},
    "a user": lambda: {"sub": "backend"},
    "no subject": lambda: {"sub": None},
    "another cluster": lambda: {"iss": "https://other.example"},
    "the API server's audience": lambda: {"aud": [CLUSTER]},
    "no audience": lambda: {"aud": []},
    "expired": lambda: {"exp": int(time.time()) - 60},
    "a legacy token without expiry": lambda: {"exp": None},
    "a year": lambda: {"exp": int(time.time()) + 31_536_000},
    "of the future": lambda: {"nbf": int(time.time()) + 600},
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_token_that_is_not_the_clients_proves_nothing(
    instance: Instance, cluster: Signer, name: str
) -> None:
    answer = send(instance, token(cluster, **REFUSED[name]()))
    assert problem(answer) == (401, "invalid_client")
    assert answer.json()["error_description"] == "client authentication failed"


def test_a_token_of_another_key_proves_nothing(instance: Instance, cluster: Signer) -> None:
    forged = Signer("RS256", cluster.kid, Signer.draw("RS256").private)
    assert problem(send(instance, token(forged))) == (401, "invalid_client")


def test_an_account_is_no_way_into_a_client_of_another_method(
    instance: Instance, cluster: Signer
) -> None:
    assert problem(send(instance, token(cluster), "shop")) == (401, "invalid_client")
    own = Signer.draw("ES256")
    instance.apply_client(
        "own-keys", auth_method="private_key_jwt", secret_sha256=[], jwks=own.jwks()
    )
    assert problem(send(instance, token(cluster), "own-keys")) == (401, "invalid_client")
    assert problem(send(instance, own.sign(own.claims("backend", ISSUER)))) == (
        401,
        "invalid_client",
    )


def test_the_file_is_read_anew_when_the_cluster_has_other_keys(
    instance: Instance, cluster: Signer, keys_file: Path
) -> None:
    rotated = Signer.draw("ES256")
    former = keys_file.read_text()
    try:
        keys_file.write_text(json.dumps(rotated.jwks()))
        assert send(instance, token(rotated)).status_code == 200
        assert problem(send(instance, token(cluster))) == (401, "invalid_client")
        keys_file.write_text("junk")
        assert problem(send(instance, token(rotated))) == (401, "invalid_client")
    finally:
        keys_file.write_text(former)
    assert send(instance, token(cluster)).status_code == 200


@pytest.fixture(scope="module")
def api_server(cluster: Signer) -> Iterator[Publisher]:
    with contextlib.closing(publisher.start()) as started:
        content = json.dumps(cluster.jwks()).encode()
        started.publish("/openid/v1/jwks", content, kind="application/jwk-set+json")
        yield started


def test_the_keys_come_from_the_api_server_although_its_address_is_private(
    module_database_url: str, instance: Instance, cluster: Signer, api_server: Publisher
) -> None:
    with throwaway_instance.running(
        module_database_url,
        KUBERNETES_ISSUER=CLUSTER,
        KUBERNETES_JWKS_URL=f"{api_server.url}/openid/v1/jwks",
        KUBERNETES_CA_FILE=str(api_server.authority),
    ) as second:
        for _ in range(3):
            assert send(second, token(cluster)).status_code == 200
    assert api_server.asked["/openid/v1/jwks"] == 1


def test_without_a_cluster_no_account_is_believed(
    module_database_url: str, instance: Instance, cluster: Signer
) -> None:
    with throwaway_instance.running(module_database_url) as second:
        assert problem(send(second, token(cluster))) == (401, "invalid_client")
