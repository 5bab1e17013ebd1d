"""Service accounts as clients with nothing but resources; and who meddles with what is believed."""

import httpx
from tests.operator_faults import world as worlds
from tests.operator_faults.kubernetes_api import Object, condition, custom, is_ready, path
from tests.operator_faults.operators import Operator
from tests.operator_faults.proofs import ASSERTION
from tests.operator_faults.world import World


KEYS = "main-account-keys"
WORKER = "worker"


def employ(world: World, namespace: str) -> str:
    """A token of a service account there for the authorization server, as a pod mounts it."""
    account = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": WORKER, "namespace": namespace},
    }
    world.api.apply(account)
    asked = {"spec": {"audiences": [worlds.ISSUER], "expirationSeconds": 600}}
    place = path("ServiceAccount", namespace, WORKER, "token")
    answer = world.api.http.post(place, json=asked).raise_for_status()
    return str(answer.json()["status"]["token"])


def gets_a_token(world: World, namespace: str, assertion: str) -> bool:
    form = {
        "grant_type": "client_credentials",
        "client_id": f"{namespace}.{WORKER}",
        "client_assertion_type": ASSERTION,
        "client_assertion": assertion,
    }
    host, place = {"Host": "login.example.com"}, f"{world.servers[namespace].base_url}/token"
    answer = httpx.post(place, data=form, headers=host, timeout=30)
    return answer.status_code == httpx.codes.OK


def test_an_account_gets_tokens_of_a_server_that_was_told_nothing_of_it(
    world: World, operator: Operator
) -> None:
    namespace, elsewhere = operator.name, world.namespace("elsewhere")
    auth = {"method": "ServiceAccount", "serviceAccount": {"name": WORKER}}
    spec = {"serverRef": {"name": "main"}, "grantTypes": ["client_credentials"], "auth": auth}
    world.api.apply(custom("AuthlyClient", namespace, WORKER, spec))
    made = world.api.wait_for("AuthlyClient", namespace, WORKER, is_ready)
    told = condition(made, "CredentialsVerified")
    assert told["reason"] == "ServiceAccountsBelieved"
    assert f"{namespace}/{WORKER} for audience {worlds.ISSUER}" in told["message"]
    assert gets_a_token(world, namespace, employ(world, namespace))
    assert not gets_a_token(world, namespace, employ(world, elsewhere))


def test_keys_that_somebody_puts_in_or_takes_away_are_put_right_again(
    world: World, operator: Operator
) -> None:
    namespace = operator.name
    before = world.api.get("ConfigMap", namespace, KEYS)["data"]

    def is_put_right(found: Object) -> bool:
        return bool(found["data"] == before)

    forged = {"data": {"jwks.json": '{"keys": []}'}}
    world.api.merge("ConfigMap", namespace, KEYS, forged)
    world.api.wait_for("ConfigMap", namespace, KEYS, is_put_right)
    world.api.delete("ConfigMap", namespace, KEYS)
    world.api.wait_for("ConfigMap", namespace, KEYS, is_put_right)
