"""A PostgreSQL that is newer than the server's clients is backed up, proved and restored."""

from collections.abc import Iterator

import pytest
from tests.operator_backups import home as homes
from tests.operator_backups.home import Home, why
from tests.operator_backups.job_pods import JobPods
from tests.operator_faults.world import World

from throwaway import newer_postgres, registration


PEOPLE = "SELECT count(*) FROM authly.users"


@pytest.fixture(scope="module")
def home(world: World, pods: JobPods) -> Iterator[Home]:
    """A server on it; images of PostgreSQL have its programs."""
    with (
        newer_postgres.running() as cluster,
        homes.home(world, pods, "newer", elsewhere=cluster) as made,
    ):
        pods.programs[made.namespace] = cluster.programs
        yield made
        world.stop(made.namespace)


def test_it_is_dumped_by_an_image_of_its_own_version_and_comes_back(home: Home) -> None:
    major = newer_postgres.MAJOR
    version = home.get("AuthlyServer")["status"]["database"]["version"]
    made = home.back_up("newer", verify=True)
    assert made["status"]["phase"] == "Succeeded", why(made)
    assert made["status"]["postgresVersion"] == version
    assert version.startswith(f"{major}.")
    job = home.get("Job", made["status"]["job"])
    _, dump = job["spec"]["template"]["spec"]["initContainers"]
    assert dump["image"] == f"postgres:{major}"

    registration.add_user(home.url, "late@example.org")
    source = {"backupRef": {"name": "newer"}}
    home.ask("AuthlyRestore", "back", source=source, acknowledgeDataLoss=True)
    restored = home.ended("AuthlyRestore", "back")
    assert restored["status"]["phase"] == "Succeeded", ": ".join(why(restored))
    assert homes.rows(home.url, PEOPLE) == [(0,)]
