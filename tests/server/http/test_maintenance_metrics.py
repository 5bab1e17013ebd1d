"""What the last maintenance run did, in its log and in the metrics of the servers."""

import json
import time

import httpx

from throwaway import instance as throwaway_instance
from throwaway.instance import Instance


EXPIRED = """
INSERT INTO authly.used_jtis (digest, expires_at)
SELECT sha256(number::text::bytea), now() - interval '2 hours' FROM generate_series(1, 7) AS number
"""


def exposed(instance: Instance) -> list[str]:
    text = httpx.get(f"{instance.server.management_url}/metrics").raise_for_status().text
    return [line for line in text.splitlines() if line.startswith("authly_maintenance_")]


def test_a_run_tells_its_figures_in_its_log_and_in_the_metrics(instance: Instance) -> None:
    assert exposed(instance) == []
    instance.execute(EXPIRED)
    before = time.time()
    done = instance.server.run("maintain")
    logged = json.loads(done.stdout)
    assert (done.returncode, logged["event"], logged["removed"]["used_jtis"]) == (
        0,
        "maintained",
        7,
    )
    for table, count in logged["removed"].items():
        assert instance.metric("authly_maintenance_removed_rows", table=table) == count
    ended = instance.metric("authly_maintenance_last_run_timestamp_seconds")
    assert before - 1 <= ended <= time.time() + 1
    assert instance.metric("authly_maintenance_duration_seconds") > 0

    assert instance.server.run("maintain").returncode == 0
    assert instance.metric("authly_maintenance_removed_rows", table="used_jtis") == 0


def test_several_processes_tell_them_once(module_database_url: str) -> None:
    with throwaway_instance.running(module_database_url, tls=False, PROCESSES="2") as instance:
        assert instance.server.run("maintain").returncode == 0
        lines = exposed(instance)
    (ended,) = (line for line in lines if "last_run_timestamp" in line)
    assert "process=" not in ended


def test_without_them_all_other_metrics_are_there(instance: Instance) -> None:
    instance.execute("ALTER TABLE authly.maintenance_figures RENAME TO elsewhere")
    try:
        assert exposed(instance) == []
        assert instance.post("/token", grant_type="client_credentials").status_code == 200
        labels = {"grant_type": "client_credentials"}
        assert instance.metric("authly_tokens_issued_total", **labels) >= 1
    finally:
        instance.execute("ALTER TABLE authly.elsewhere RENAME TO maintenance_figures")
