"""The passwords of the database rotated while clients ask for tokens all the time."""

import logging

import pytest
from tests.e2e import kube as kubes, load as loads
from tests.e2e.external import psql
from tests.e2e.instance import Instance
from tests.e2e.kube import Object

from cluster import handle


REPLICAS = 2
DATABASE = "app.kubernetes.io/component=database"
ROTATE = "authly.dev/rotate-passwords-at"
ROLES = "SELECT rolname FROM pg_roles WHERE rolcanlogin AND rolname LIKE 'authly%' ORDER BY 1"
log = logging.getLogger(__name__)


def signs_in(instance: Instance, password: str) -> bool:
    """Whether the owner does, by the network as Jobs do."""
    host = "$(hostname -i)"  # over the loopback nobody is asked for a password
    script = f'PGPASSWORD="$0" psql -X -h "{host}" -U postgres -d authly -c "SELECT 1"'
    argv = ("exec", "main-database-0", "-n", instance.namespace, "--", "sh", "-c")
    try:
        instance.kube.run(*argv, script, password)
    except handle.CommandFailed as failure:
        assert "password authentication failed" in str(failure)  # noqa: PT017 - why is what counts
        return False
    return True


def is_rotated(server: Object) -> bool:
    """Whether only the present passwords can sign in, and nothing moves."""
    conditions = {one["type"]: one for one in server["status"]["conditions"]}
    rests = conditions["Progressing"]["reason"] == "RolledOut"
    return rests and kubes.is_ready(server) and conditions["PasswordsRotated"]["status"] == "True"


@pytest.mark.parametrize(
    ("request_text", "roles"),
    [
        ("once", ["authly_operator_b", "authly_server_b"]),
        ("again", ["authly_operator", "authly_server"]),
    ],
)
def test_passwords_are_rotated_without_one_failed_request(
    instance: Instance, request_text: str, roles: list[str]
) -> None:
    kube, place = instance.kube, instance.namespace
    before = kube.secret("main-credentials", place)
    pods = kubes.uids(instance.pods())
    database = kubes.uids(kube.select("pods", place, DATABASE))
    token = instance.sign_in()["access_token"]
    questions = loads.for_tokens(instance), loads.for_introspection(instance, token)
    with loads.running(instance, *questions, per_second=4.0) as load:
        kube.run(
            "annotate", "--overwrite", "authlyserver/main", "-n", place, f"{ROTATE}={request_text}"
        )
        kube.wait_for(
            "authlyserver",
            "main",
            place,
            lambda server: is_rotated(server) and not pods & kubes.uids(instance.pods()),
            seconds=230,
        )
    log.info("%d requests, the slowest took %.2f s", len(load.answers), load.slowest)
    assert load.failed == []
    assert len(load.answers) > 200
    after = kube.secret("main-credentials", place)
    for key in ("DATABASE_URL", "OPERATOR_DATABASE_URL"):
        assert after[key] != before[key]
    assert after["MIGRATION_DATABASE_URL"] != before["MIGRATION_DATABASE_URL"]
    assert kubes.uids(kube.select("pods", place, DATABASE)) == database
    assert signs_in(instance, after["postgres-password"])
    assert not signs_in(instance, before["postgres-password"])
    found = psql(kube, place, "authly", ROLES, pod="main-database-0").split()
    assert found == roles
    assert instance.sign_in()["access_token"]
    assert all(kubes.is_ready(each) for each in kube.select("authlyclients", place))
