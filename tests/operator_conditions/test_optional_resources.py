"""Servers whose replicas an autoscaler counts, and what they can do without."""

from typing import Any

import pytest
from tests.operator_conditions.verdicts import Judge

from authly_operator.observed import DatabaseProbe, ReplicaSeen


AUTOSCALED = {"autoscaling": {"min": 2, "max": 9, "cpu": 70}}
SCALING_UP = ({"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated"},)


def counted(pods: int, available: int, **fields: Any) -> dict[str, Any]:
    return {"replicas": pods, "updatedReplicas": pods, "availableReplicas": available, **fields}


def autoscaler(*conditions: dict[str, str]) -> dict[Any, Any]:
    found = {"status": {"conditions": list(conditions)}}
    return {"beside": {("HorizontalPodAutoscaler", "main"): found}}


@pytest.mark.parametrize("deployment", [counted(5, 5), counted(2, 2), counted(9, 3)])
def test_what_the_autoscaler_adds_or_takes_is_no_roll_out(
    judge_server: Judge, deployment: dict[str, Any]
) -> None:
    judged = judge_server(spec=AUTOSCALED, deployment=deployment)

    assert judged["Ready"][:2] == ("True", "Ready")
    assert judged["Available"][0] == "True"
    assert judged["Progressing"][:2] == ("False", "RolledOut")


def test_pods_of_before_are_a_roll_out_also_where_an_autoscaler_counts(
    judge_server: Judge,
) -> None:
    deployment = counted(6, 5, updatedReplicas=3, conditions=SCALING_UP)

    judged = judge_server(spec=AUTOSCALED, deployment=deployment)

    assert judged["Progressing"][:2] == ("True", "RollingOut")
    assert judged["Ready"][0] == "True"


def test_fewer_than_the_autoscalers_minimum_are_not_available(judge_server: Judge) -> None:
    judged = judge_server(spec=AUTOSCALED, deployment=counted(2, 1))

    assert judged["Available"][:2] == ("False", "ReplicasUnavailable")
    assert "1 of 2" in judged["Available"][2]
    assert judged["Ready"][0] == "False"


def test_no_replicas_are_wanted_also_where_an_autoscaler_counts(judge_server: Judge) -> None:
    judged = judge_server(spec={**AUTOSCALED, "replicas": 0}, deployment=counted(0, 0))

    assert judged["Available"][1] == "ScaledToZero"


def test_an_autoscaler_that_cannot_measure_is_told_and_stops_nothing(judge_server: Judge) -> None:
    told = {
        "type": "ScalingActive",
        "status": "False",
        "reason": "FailedGetResourceMetric",
        "message": "unable to fetch metrics from resource metrics API.",
    }

    judged = judge_server(spec=AUTOSCALED, **autoscaler(told))

    status, reason, message = judged["OptionalResourcesReady"]
    assert (status, reason) == ("False", "AutoscalerInactive")
    assert "unable to fetch metrics" in message
    assert "metrics-server" in message
    assert judged["Ready"][:2] == ("True", "Ready")


@pytest.mark.parametrize(
    "told",
    [
        {"type": "ScalingActive", "status": "True", "reason": "ValidMetricFound", "message": ""},
        {"type": "ScalingActive", "status": "Unknown", "reason": "X", "message": ""},
        {"type": "AbleToScale", "status": "False", "reason": "X", "message": ""},
    ],
)
def test_an_autoscaler_that_measures_or_has_not_begun_is_well(
    judge_server: Judge, told: dict[str, str]
) -> None:
    judged = judge_server(spec=AUTOSCALED, **autoscaler(told))

    assert judged["OptionalResourcesReady"][0] == "True"


def test_a_kind_that_the_cluster_does_not_know_is_told_and_stops_nothing(
    judge_server: Judge,
) -> None:
    unknown = "this cluster does not know gateway.networking.k8s.io/v1: install its definitions"

    judged = judge_server(impossible=("HTTPRoute",), unavailable={"HTTPRoute": unknown, "X": "y"})

    status, reason, message = judged["OptionalResourcesReady"]
    assert (status, reason) == ("False", "KindUnavailable")
    assert message.startswith(f"HTTPRoute: {unknown}")
    assert judged["Ready"][:2] == ("True", "Ready")


REDIS: dict[str, Any] = {"redis": {"managed": {}}}


def test_a_redis_that_is_not_there_is_told_and_stops_nothing(judge_server: Judge) -> None:
    told = ("redis", "main-redis-1", "ImagePullBackOff", "no such tag")

    judged = judge_server(spec=REDIS, waiting=(told,))

    assert judged["OptionalResourcesReady"][:2] == ("False", "RedisUnavailable")
    assert "pod main-redis-1: ImagePullBackOff: no such tag" in judged["OptionalResourcesReady"][2]
    assert judged["Ready"][:2] == ("True", "Ready")


def test_a_redis_that_is_available_is_no_lack(judge_server: Judge) -> None:
    found = {"metadata": {}, "spec": {"template": {}}, "status": {"availableReplicas": 1}}

    judged = judge_server(spec=REDIS, beside={("Deployment", "main-redis"): found})

    assert judged["OptionalResourcesReady"][0] == "True"


REPLICATED: dict[str, Any] = {"database": {"managed": {"replicas": 2}}}
FIRST, SECOND = "main-standby-0", "main-standby-1"


def replicas(*seen: tuple[str, bool, int]) -> DatabaseProbe:
    found = tuple(
        ReplicaSeen(name=name, streaming=streaming, lag_bytes=lag) for name, streaming, lag in seen
    )
    return DatabaseProbe(schema_revision=3, replicas=found)


def test_replicas_that_stream_are_no_lack_whatever_else_streams(judge_server: Judge) -> None:
    probe = replicas((FIRST, True, 0), (SECOND, True, 2**28), ("other", False, 2**40))

    judged = judge_server(spec=REPLICATED, database=probe)

    assert judged["OptionalResourcesReady"][0] == "True"


@pytest.mark.parametrize("seen", [((FIRST, True, 0),), ((FIRST, True, 0), (SECOND, False, 0))])
def test_a_replica_that_does_not_stream_is_told_and_stops_nothing(
    judge_server: Judge, seen: tuple[tuple[str, bool, int], ...]
) -> None:
    judged = judge_server(spec=REPLICATED, database=replicas(*seen))

    status, reason, message = judged["OptionalResourcesReady"]
    assert (status, reason) == ("False", "DatabaseReplicaNotStreaming")
    assert f"pod {SECOND} does not stream yet" in message
    assert FIRST not in message
    assert judged["Ready"][:2] == ("True", "Ready")


def test_a_replica_that_cannot_run_is_told_in_the_kubelets_words(judge_server: Judge) -> None:
    told = ("standby", FIRST, "CrashLoopBackOff", "pg_basebackup: error: connection refused")

    judged = judge_server(spec=REPLICATED, database=replicas((SECOND, True, 0)), waiting=(told,))

    assert "connection refused" in judged["OptionalResourcesReady"][2]
    assert judged["DatabaseReady"][0] == "True"


def test_a_replica_that_is_far_behind_is_told(judge_server: Judge) -> None:
    probe = replicas((FIRST, True, 300 * 2**20), (SECOND, True, 0))

    judged = judge_server(spec=REPLICATED, database=probe)

    status, reason, message = judged["OptionalResourcesReady"]
    assert (status, reason) == ("False", "DatabaseReplicaLagging")
    assert f"pod {FIRST} is 300 MiB behind" in message


@pytest.mark.parametrize(
    "probe",
    [None, DatabaseProbe(error="connection refused"), DatabaseProbe(schema_revision=3)],
)
def test_nothing_is_said_of_replicas_whose_primary_could_not_tell(
    judge_server: Judge, probe: DatabaseProbe | None
) -> None:
    judged = judge_server(spec=REPLICATED, database=probe)

    assert judged["OptionalResourcesReady"][0] == "True"
