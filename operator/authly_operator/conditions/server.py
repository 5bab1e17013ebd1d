"""An AuthlyServer's conditions: which policies judge it, and what makes it Ready."""

from collections.abc import Callable
from typing import Final

from authly_operator.api import authly_server
from authly_operator.conditions import (
    availability,
    backup,
    database,
    endpoint,
    migration,
    optional_resources,
    passwords,
    pause,
    readiness,
    rollout,
    signing_keys,
)
from authly_operator.conditions.judgement import Judgement
from authly_operator.conditions.situation import Expectation, Situation
from authly_operator.observed import ServerObserved


__all__ = ["POLICIES", "Expectation", "judge"]

POLICIES: Final[tuple[Callable[[Situation], Judgement], ...]] = (
    database.judge,  # DatabaseReady: the reference, the StatefulSet, the operator's own question
    migration.judge,  # Migrated: the Job of the wanted image
    signing_keys.judge,  # SigningKeysReady: the Secret with a key of the wanted algorithm
    passwords.judge,  # PasswordsRotated: former roles are locked
    availability.judge,  # Available: the Deployment's available replicas
    endpoint.judge,  # EndpointReady: discovery names the issuer of the spec
    rollout.judge,  # Progressing: on the way, stuck, or there
    pause.judge,  # Paused: the operator keeps its hands off
    backup.judge,  # BackupHealthy: the backup that was due last succeeded
    optional_resources.judge,  # OptionalResourcesReady: what a server can do without
)


def judge(
    spec: authly_server.Spec, seen: ServerObserved, expected: Expectation
) -> tuple[Judgement, ...]:
    """Every condition of the server, Ready first; Ready sums up by readiness.CHAIN."""
    case = Situation(spec, seen, expected)
    judged = tuple(policy(case) for policy in POLICIES)
    return (readiness.judge(case, judged), *judged)
