"""The passwords of the database rotated while clients ask for tokens all the time."""

import logging

import pytest
from tests.e2e import kube as kubes, load as loads
from tests.e2e.external import psql
from tests.e2e.instance import Instance
from tests.e2e.kube import Object


REPLICAS = 2
ROTATE = "authly.dev/rotate-passwords-at"
ROLES = "SELECT rolname FROM pg_roles WHERE rolcanlogin AND rolname LIKE 'authly%' ORDER BY 1"
log = logging.getLogger(__name__)


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
    assert after["MIGRATION_DATABASE_URL"] == before["MIGRATION_DATABASE_URL"]
    found = psql(kube, place, "authly", ROLES, pod="main-database-0").split()
    assert found == roles
    assert instance.sign_in()["access_token"]
    assert all(kubes.is_ready(each) for each in kube.select("authlyclients", place))
