"""The stories of clients and scopes on a real API server, a real database and a real server."""

import contextlib
import itertools
import json
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.operator_clients.landscape import Database, Landscape, landscape

from authly_operator.cluster import client
from authly_operator.instance import registry
from cluster import handle
from throwaway import instance as throwaway_instance, postgres as throwaway_postgres, publisher
from throwaway.publisher import Publisher


CRDS = Path(__file__).resolve().parents[2] / "crds"
SETTINGS = {"CACHE_TTL": "0", "PKCE_REQUIRED": "false"}
"""What was changed is seen at once, and clients may do without PKCE if they say so."""
_numbers = itertools.count(1)


@pytest.fixture(scope="package")
def control_plane() -> Iterator[handle.Cluster]:
    """A kube-apiserver that knows the three kinds."""
    cluster = handle.Cluster(f"test-clients-{os.getpid()}")
    try:
        cluster.up(control_plane=True)
        cluster.kubectl("apply", "--server-side", "-f", str(CRDS))
        cluster.wait_established("crd", "--all")
        yield cluster
    finally:
        cluster.down()


@pytest.fixture(scope="package")
def host() -> Iterator[Publisher]:
    """Where clients publish their keys and are told of logouts."""
    with contextlib.closing(publisher.start()) as started:
        yield started


@pytest.fixture(scope="package")
def settings(
    control_plane: handle.Cluster, host: Publisher, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """The server asks the host, and believes the service accounts of the cluster."""
    told = json.loads(control_plane.kubectl("get", "--raw", "/.well-known/openid-configuration"))
    keys = tmp_path_factory.mktemp("accounts") / "jwks.json"
    keys.write_text(control_plane.kubectl("get", "--raw", "/openid/v1/jwks"))
    return SETTINGS | {
        "KUBERNETES_ISSUER": told["issuer"],
        "KUBERNETES_JWKS_FILE": str(keys),
        "OUTBOUND_ALLOWED_NETWORKS": "127.0.0.1/32,::1/128",
        "OUTBOUND_ALLOWED_PORTS": f"443,{host.port}",
        "OUTBOUND_CA_FILE": str(host.authority),
    }


@pytest.fixture(scope="package")
def database(
    postgres: throwaway_postgres.Cluster, migrated_template: str, settings: dict[str, str]
) -> Iterator[Database]:
    """A migrated database with the operator's own role, and a server on it for all tests."""
    name, role = f"clients_{os.getpid()}", f"registrar_clients_{os.getpid()}"
    owner = postgres.create_database(name, template=migrated_template)
    operator = postgres.url(name, user=role)
    database = Database(owner, operator)
    database.migrate()
    with throwaway_instance.running(owner, tls=False, **settings) as running:
        yield Database(owner, operator, running)
    postgres.drop_database(name)


@pytest.fixture
async def land(control_plane: handle.Cluster, database: Database) -> AsyncIterator[Landscape]:
    """A namespace of the test's own with the AuthlyServer `main`, which answers."""
    api = await client.Client.connect(str(control_plane.place.kubeconfig))
    name = f"c{next(_numbers)}"
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(api.close)
        stack.callback(registry.close)
        made = await stack.enter_async_context(landscape(api, name, database))
        await made.namespace(name)
        await made.serve(name)
        yield made
