"""The Redis that replicas count in: its own script in a real Redis, its password, its paths."""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.operator_desired import plans

from authly_operator.desired import redis
from authly_operator.desired.plan import Plan
from authly_operator.observed import SecretData
from throwaway.ports import free_port


SPEC: dict[str, Any] = {**plans.MINIMAL, "redis": {"managed": {"maxMemory": "3Mi"}}}
EXTERNAL: dict[str, Any] = {
    **plans.MINIMAL,
    "redis": {"external": {"urlSecretRef": {"name": "counts", "key": "url"}}},
}


def made(plan: Plan, kind: str, name: str) -> Any:
    found = {(one["kind"], one["metadata"]["name"]): one for one in plans.everything(plan)}
    return found[(kind, name)]


def container(plan: Plan) -> Any:
    return made(plan, "Deployment", "main-redis")["spec"]["template"]["spec"]["containers"][0]


def environment(plan: Plan) -> dict[str, str]:
    """What the kubelet gives to the container."""
    given = {
        one["name"]: plan.material.credentials[one["valueFrom"]["secretKeyRef"]["key"]]
        for one in container(plan)["env"]
    }
    return {"PATH": os.environ["PATH"], **given}


def run(script: str, environ: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603
        ["/bin/sh", "-c", script],
        env=environ,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.fixture
def plan() -> Plan:
    return plans.plan(SPEC)


@pytest.fixture
def port(plan: Plan, tmp_path: Path) -> Iterator[int]:
    """A real Redis, started by the container's own command on another port."""
    chosen = free_port()
    script = container(plan)["command"][2].replace("port 6379", f"port {chosen}")
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603
            ["/bin/sh", "-c", script], env=environment(plan), stdout=log
        )
    try:
        ready = redis.IS_READY.format(port=chosen)
        deadline = time.monotonic() + 90
        while run(ready, environment(plan)).returncode:
            assert process.poll() is None, (tmp_path / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield chosen
    finally:
        process.terminate()
        process.wait(timeout=30)


def test_redis_starts_as_the_container_does_and_is_bounded(plan: Plan, port: int) -> None:
    script = f'REDISCLI_AUTH="$REDIS_PASSWORD" redis-cli -p {port} config get'
    environ = environment(plan)

    assert "3145728" in run(f"{script} maxmemory", environ).stdout
    assert "allkeys-lru" in run(f"{script} maxmemory-policy", environ).stdout


def test_redis_answers_nobody_without_the_password(plan: Plan, port: int) -> None:
    told = run(f"redis-cli -p {port} ping", environment(plan))

    assert "NOAUTH" in told.stdout
    wrong = {**environment(plan), "REDIS_PASSWORD": "guessed"}
    assert run(redis.IS_READY.format(port=port), wrong).returncode


def test_the_password_is_in_no_argument_of_a_process(plan: Plan, port: int) -> None:
    password = environment(plan)["REDIS_PASSWORD"]
    arguments = [
        path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()
    ]

    assert any(f":{port}".encode() in each for each in arguments)
    assert not any(password.encode() in each for each in arguments)


def test_the_server_is_given_the_url_and_another_password_is_a_roll_out(plan: Plan) -> None:
    server = made(plan, "Deployment", "main")["spec"]["template"]["spec"]["containers"][0]
    secret = {"REDIS_URL": "redis://:other@main-redis.auth.svc:6379/0", "redis-password": "other"}
    credentials = {**plan.material.credentials, **secret}
    secrets = {**plans.SECRETS, "main-credentials": SecretData(credentials)}

    assert "REDIS_URL" in {one["name"] for one in server["env"]}
    assert plans.plan(SPEC, secrets=secrets).config_hash != plan.config_hash


def test_only_replicas_reach_redis_and_redis_reaches_nobody(plan: Plan) -> None:
    policy = made(plan, "NetworkPolicy", "main-redis")["spec"]

    (rule,) = policy["ingress"]
    (peer,) = rule["from"]
    assert peer["podSelector"]["matchLabels"]["app.kubernetes.io/component"] == "server"
    assert policy["egress"] == []
    assert "Egress" in policy["policyTypes"]


def test_a_redis_of_others_is_reached_at_its_port_and_none_is_made() -> None:
    plan = plans.plan(EXTERNAL)
    egress = made(plan, "NetworkPolicy", "main")["spec"]["egress"]

    assert [{"port": 6380, "protocol": "TCP"}] in [rule["ports"] for rule in egress]
    assert "main-redis" not in {one["metadata"]["name"] for one in plans.everything(plan)}
    assert "redis-password" not in plan.material.credentials


def test_a_server_that_asks_for_none_has_no_url_left(plan: Plan) -> None:
    had = SecretData(plan.material.credentials)
    after = plans.plan(plans.MINIMAL, secrets={**plans.SECRETS, "main-credentials": had})

    assert not {"REDIS_URL", "redis-password"} & set(after.material.credentials)


@pytest.mark.parametrize(
    ("secret", "says"),
    [
        ({}, "does not exist or is empty"),
        ({"url": "http://hunter2"}, "cannot be used: it must be redis://"),
    ],
)
def test_a_url_that_is_missing_or_wrong_is_told_without_its_value(
    secret: dict[str, str], says: str
) -> None:
    plan = plans.plan(EXTERNAL, secrets={"counts": SecretData(secret)})

    assert says in plan.material.missing[0]
    assert "key url of Secret counts (redis.external.urlSecretRef)" in plan.material.missing[0]
    assert "hunter2" not in plan.material.missing[0]
