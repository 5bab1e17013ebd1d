"""What Prometheus reads of an operator, after things happened that it tells of."""

import signal
import time
from datetime import datetime
from pathlib import Path

from cryptography import x509
from tests.operator_faults import world as worlds
from tests.operator_faults.kubernetes_api import condition, custom, is_ready, opaque, wait_until
from tests.operator_faults.operators import Operator
from tests.operator_faults.world import World

from throwaway import certificates


PLACE = ("AuthlyServer", "main")


def wait_for(operator: Operator, series: str, least: float) -> None:
    wait_until(
        f"{series} of {least}",
        lambda: operator.metrics().get(series, 0.0) >= least,
        seen=lambda: "\n".join(one for one in operator.metrics() if "bucket" not in one),
    )


def test_a_leader_tells_that_it_leads_and_how_its_work_goes(operator: Operator) -> None:
    told = operator.metrics()
    assert told["authly_operator_leader"] == 1
    assert told['authly_operator_reconciles_total{kind="AuthlyServer",outcome="done"}'] >= 1
    assert told['authly_operator_reconcile_duration_seconds_count{kind="AuthlyServer"}'] >= 1
    assert told['authly_operator_child_writes_total{kind="Deployment"}'] >= 1
    assert told["authly_operator_queue_length"] < 10
    assert told["authly_operator_queue_age_seconds"] < 60


def test_who_stands_by_tells_that_it_does_not_lead(world: World, operator: Operator) -> None:
    place = operator.name
    other = world.operator(
        f"{place}-other", AUTHLY_NAMESPACES=place, AUTHLY_OPERATOR_NAMESPACE=place
    )
    other.start()
    wait_until("an answer", lambda: bool(answers(other)), 30)
    assert other.metrics()["authly_operator_leader"] == 0
    other.send(signal.SIGTERM)
    wait_until("its end", lambda: other.exit_status == 0)


def answers(operator: Operator) -> bool:
    log = operator.log
    return log.exists() and "waiting_for_lease" in log.read_text()


def test_children_that_others_change_or_delete_are_counted_when_they_are_put_back(
    world: World, operator: Operator
) -> None:
    namespace = operator.name
    before = operator.metrics()
    stranger = {"spec": {"selector": {"people.example/added": "by-hand"}}}
    world.api.merge("Service", namespace, "main", stranger)
    world.api.delete("ConfigMap", namespace, "main-config")
    for kind in ("Service", "ConfigMap"):
        series = f'authly_operator_drift_corrected_total{{kind="{kind}"}}'
        assert series not in before
        wait_for(operator, series, 1)
    edited = worlds.server(namespace, tokens={"accessTokenTTL": "7m"})
    world.api.apply(edited)
    world.api.wait_for("AuthlyServer", namespace, "main", is_ready)
    told = operator.metrics()
    wished = 'authly_operator_drift_corrected_total{kind="Deployment"}'
    assert wished not in told, "a wish of the spec is no drift"


def test_the_age_of_a_signing_key_is_that_of_the_status(world: World, operator: Operator) -> None:
    found = world.api.get("AuthlyServer", operator.name, "main")
    place = f'name="main",namespace="{operator.name}"'
    for key in found["status"]["signingKeys"]:
        since = datetime.fromisoformat(key["activeAt"]).timestamp()
        series = f'alg="{key["alg"]}",{place}'
        told = operator.metrics()
        assert told[f"authly_operator_signing_key_active_timestamp_seconds{{{series}}}"] == since
        assert 0 <= time.time() - since < 900


def test_what_the_api_server_refuses_is_counted(world: World, operator: Operator) -> None:
    namespace = operator.name
    stranger = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "other-config", "namespace": namespace},
    }
    world.api.apply(stranger)
    spec = {"issuer": "https://other.example.com", "database": {"managed": {}}, "replicas": 0}
    world.api.apply(custom("AuthlyServer", namespace, "other", spec))
    world.api.wait_for(
        "AuthlyServer",
        namespace,
        "other",
        lambda found: condition(found).get("reason") == "ApplyFailed",
    )
    series = 'authly_operator_reconcile_errors_total{kind="AuthlyServer",reason="ApplyFailed"}'
    wait_for(operator, series, 1)
    world.api.delete("AuthlyServer", namespace, "other")


def test_the_end_of_a_certificate_is_told_until_its_server_is_gone(
    world: World, operator: Operator, tmp_path: Path
) -> None:
    namespace = operator.name
    certificates.write(tmp_path)
    pem = (tmp_path / "authority.pem").read_text()
    world.api.apply(opaque(namespace, "trust", **{"ca.crt": pem}))
    world.api.apply(opaque(namespace, "owner", username="owner", password="hunter2"))
    external = {
        "host": "127.0.0.1",
        "port": 1,
        "name": "nothing",
        "caSecretRef": {"name": "trust"},
        "credentialsSecretRef": {"name": "owner"},
    }
    spec = {"issuer": "https://safe.example.com", "database": {"external": external}}
    world.api.apply(custom("AuthlyServer", namespace, "safe", spec))
    labels = f'certificate="database",name="safe",namespace="{namespace}"'
    series = f"authly_operator_certificate_end_timestamp_seconds{{{labels}}}"
    end = x509.load_pem_x509_certificate(pem.encode()).not_valid_after_utc.timestamp()
    wait_for(operator, series, end)
    assert operator.metrics()[series] == end
    world.api.delete("AuthlyServer", namespace, "safe")
    wait_until("the end of the series", lambda: series not in operator.metrics())
