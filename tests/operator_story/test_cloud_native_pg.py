"""A server on CloudNativePG, whose part is played as its documentation says, by a real PostgreSQL.

The Cluster is judged by CloudNativePG's own definition. The PostgreSQL has TLS, and is where the
name of the Cluster's Service would lead to.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from tests.operator_story.conftest import Story

from authly_operator.cluster import gather
from authly_operator.instance import trust
from authly_server.storage import migration
from throwaway import postgres as throwaway_postgres


pytestmark = pytest.mark.control_plane

ADDRESS = "127.0.0.41"
PASSWORD = "what-cloudnativepg-drew"
DATABASE: dict[str, Any] = {
    "cloudNativePG": {"template": {"instances": 2, "storage": {"size": "2Gi"}}}
}
SIGNING = {"algorithm": "EdDSA"}


@dataclass(frozen=True)
class Primary:
    """A PostgreSQL as CloudNativePG runs one, at port 5432 of a loopback address."""

    cluster: throwaway_postgres.Cluster
    pem: str

    def bootstrap(self, wanted: Any) -> None:
        """What its initdb does: the owner, then the statements, then the owner's database."""
        first = wanted["bootstrap"]["initdb"]
        with psycopg.connect(self.cluster.superuser_url, autocommit=True) as connection:
            for statement in (
                f"CREATE ROLE {first['owner']} LOGIN PASSWORD '{PASSWORD}'",
                *first["postInitSQL"],
                f"CREATE DATABASE {first['database']} OWNER {first['owner']}",
            ):
                connection.execute(statement.encode())


@pytest.fixture
def primary(namespace: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Primary]:
    cluster = throwaway_postgres.create()
    try:
        cluster.stop()
        cluster.settings["listen_addresses"] = f"127.0.0.1,{ADDRESS}"
        cluster.port = 5432
        pem = cluster.secure(f"main-database-rw.{namespace}.svc")
        monkeypatch.setenv("PGHOSTADDR", ADDRESS)
        yield Primary(cluster, pem)
    finally:
        monkeypatch.undo()
        cluster.close()


async def write_secrets(story: Story, primary: Primary, cluster: str = "main-database") -> None:
    """The two Secrets that CloudNativePG writes."""
    application = {"username": "authly", "password": PASSWORD, "dbname": "authly"}
    await story.create("Secret", f"{cluster}-app", stringData=application)
    await story.create("Secret", f"{cluster}-ca", stringData={"ca.crt": primary.pem})


async def run_migration(story: Story) -> None:
    """What the kubelet would do for the migration Job, with what its container is given."""
    jobs = await story.tools.api.list_objects("Job", story.namespace)
    (job,) = jobs
    data = gather.decoded(await story.get("Secret", "main-credentials")).data
    variables = job["spec"]["template"]["spec"]["containers"][0]["env"]
    given = {
        one["name"]: data[one["valueFrom"]["secretKeyRef"]["key"]]
        for one in variables
        if "valueFrom" in one
    }
    pem = data["database-ca.crt"]
    migration.run(
        trust.rooted(given["DATABASE_URL"], pem),
        server_url=trust.rooted(given["SERVER_DATABASE_URL"], pem),
        operator_url=trust.rooted(given["OPERATOR_DATABASE_URL"], pem),
    )
    now = story.tools.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    final = [
        {"type": kind, "status": "True", "lastTransitionTime": now}
        for kind in ("SuccessCriteriaMet", "Complete")
    ]
    done = {"active": None, "succeeded": 1, "completionTime": now}
    await story.tell("Job", job["metadata"]["name"], conditions=final, **done)


async def test_a_server_waits_for_its_cluster_then_migrates_and_asks_it_by_tls(
    story: Story, primary: Primary
) -> None:
    await story.begin(database=DATABASE, signingKeys=SIGNING)

    cluster = await story.get("Cluster", "main-database")
    assert cluster["spec"]["instances"] == 2
    assert "ownerReferences" not in cluster["metadata"]
    assert await story.get("Secret", "main-credentials") is None
    assert (await story.conditions())["Ready"][:2] == ("False", "DatabaseNotCreated")

    await story.tell("Cluster", "main-database", phase="Setting up primary")
    await story.go_on()
    assert (await story.conditions())["Ready"] == (
        "False",
        "DatabaseStarting",
        "Cluster main-database: Setting up primary",
    )

    primary.bootstrap(cluster["spec"])
    await write_secrets(story, primary)
    await story.go_on()
    assert (await story.conditions())["DatabaseReady"][:2] == ("True", "AcceptsConnections")

    await run_migration(story)
    await story.go_on()
    assert (await story.conditions())["DatabaseReady"][:2] == ("True", "DatabaseAnswers")
    assert (await story.get("AuthlyServer"))["status"]["schemaRevision"] > 0
    deployment = await story.get("Deployment")
    assert "database-ca" in {
        volume["name"] for volume in deployment["spec"]["template"]["spec"]["volumes"]
    }


async def test_more_instances_are_asked_for_and_a_template_is_never_taken_away(
    story: Story, primary: Primary
) -> None:
    await story.begin(database=DATABASE, signingKeys=SIGNING)
    grown = {"template": {"instances": 3, "storage": {"size": "4Gi"}}}
    await story.edit(database={"cloudNativePG": grown})

    spec = (await story.get("Cluster", "main-database"))["spec"]
    assert (spec["instances"], spec["storage"]["size"]) == (3, "4Gi")
    before = await story.get("Cluster", "main-database")
    await story.go_on()
    after = await story.get("Cluster", "main-database")
    assert after["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]


async def test_a_cluster_of_others_is_used_and_left_alone(story: Story, primary: Primary) -> None:
    spec = {"clusterRef": {"name": "shared"}}
    await story.begin(database={"cloudNativePG": spec}, signingKeys=SIGNING)
    assert (await story.conditions())["Ready"][:2] == ("False", "ReferenceMissing")

    await write_secrets(story, primary, "shared")
    await story.go_on()

    told = (await story.conditions())["DatabaseReady"]
    assert told[:2] == ("False", "DatabaseUnreachable")
    assert "does not match host name" in told[2]  # the certificate is that of main-database
    assert await story.tools.api.list_objects("Cluster", story.namespace) == []
