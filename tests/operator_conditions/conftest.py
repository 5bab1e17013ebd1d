"""A server, a scope and a client that are well; each test spoils what it is about."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from authly_operator import naming
from authly_operator.api import authly_client, authly_scope, authly_server
from authly_operator.conditions import client, scope, server
from authly_operator.conditions.judgement import Judgement
from authly_operator.material import client_secret
from authly_operator.observed import (
    ChildKey,
    Claimant,
    DatabaseProbe,
    EndpointProbe,
    Identity,
    SecretData,
    ServerObserved,
    ServerView,
    Waiting,
    Written,
)
from authly_operator.observed_clients import ClientObserved, ScopeObserved, SecretSeen, Verified
from authly_operator.observed_secrets import KnownSecret


ISSUER = "https://auth.example.com"
IMAGE = "authly/server:2"
JOB = "main-migrate-12345678"
LOCK = "main-lock-12345678"
RING = (
    '{"keys": [{"kid": "k1", "alg": "ES256", "state": "Active", "privateKey": "PEM"},'
    ' {"kid": "k2", "alg": "RS256", "state": "Active", "privateKey": "PEM"}]}'
)
CREATED = datetime(2026, 1, 1, tzinfo=UTC)
SERVER = Identity(name="main", namespace="auth", uid="uid-of-main", generation=3)
Told = tuple[str, str, str]
"""Status, reason and message of a condition."""


def _by_type(judged: Iterable[Judgement]) -> dict[str, Told]:
    return {one.type.value: (one.status.value, one.reason.value, one.message) for one in judged}


def _server_spec(**fields: Any) -> authly_server.Spec:
    return authly_server.Spec.model_validate(
        {"issuer": ISSUER, "database": {"managed": {}}, **fields}
    )


def _deployment(
    image: str = IMAGE,
    config: str = "hash-of-now",
    generation: int = 4,
    conditions: tuple[dict[str, str], ...] = (
        {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
    ),
    **status: int,
) -> dict[str, Any]:
    counts = {"replicas": 2, "updatedReplicas": 2, "readyReplicas": 2, "availableReplicas": 2}
    return {
        "metadata": {"name": "main", "generation": generation},
        "spec": {
            "template": {
                "metadata": {"annotations": {naming.CONFIG_HASH_ANNOTATION: config}},
                "spec": {"containers": [{"name": "server", "image": image}]},
            }
        },
        "status": {"observedGeneration": 4, **counts, **status, "conditions": list(conditions)},
    }


def _job(condition: str | None = "Complete", reason: str = "", message: str = "") -> dict[str, Any]:
    final = {"type": condition, "status": "True", "reason": reason, "message": message}
    return {"metadata": {"name": JOB}, "status": {"conditions": [final] if condition else []}}


@pytest.fixture
def judge_server() -> Callable[..., dict[str, Told]]:
    """Judge a server that is well but for what is given.

    `deployment` and `job` change these objects, `without` leaves children out by kind, `beside`
    are more children, `waiting` are pods that do not run as (component, pod, reason, message);
    others are of ServerObserved.
    """

    def judge(
        *,
        spec: Mapping[str, Any] | None = None,
        deployment: Mapping[str, Any] | None = None,
        job: Mapping[str, Any] | None = None,
        without: tuple[str, ...] = (),
        waiting: Iterable[tuple[str, str, str, str]] = (),
        missing: tuple[str, ...] = (),
        impossible: tuple[str, ...] = (),
        shortages: tuple[str, ...] = (),
        approved: bool = True,
        signing_keys_missing: str | None = None,
        claimed_by: Claimant | None = None,
        backup_overdue: str | None = None,
        beside: Mapping[ChildKey, Mapping[str, Any]] | None = None,
        **fields: Any,
    ) -> dict[str, Told]:
        children: dict[ChildKey, Mapping[str, Any]] = {
            **(beside or {}),
            ("Deployment", "main"): _deployment(**deployment or {}),
            ("StatefulSet", "main-database"): {"status": {"readyReplicas": 1}},
            ("Job", JOB): _job(**job or {}),
        }
        well = ServerObserved(
            identity=SERVER,
            children={key: child for key, child in children.items() if key[0] not in without},
            secrets={
                "main-signing-keys": SecretData({"keyring.json": RING}),
                "main-credentials": SecretData({"DATABASE_URL": "postgresql://a:b@c/d"}),
            },
            waiting=tuple(
                Waiting(component=component, pod=pod, reason=reason, message=message)
                for component, pod, reason, message in waiting
            ),
            database=DatabaseProbe(schema_revision=3),
            endpoint=EndpointProbe(issuer=ISSUER),
        )
        expected = server.Expectation(
            image=IMAGE,
            migration_job=JOB,
            role_lock_job=LOCK,
            claimed_by=claimed_by,
            backup_overdue=backup_overdue,
            config_hash="hash-of-now",
            missing=missing,
            impossible=impossible,
            shortages=shortages,
            approved=approved,
            signing_keys_missing=signing_keys_missing,
        )
        seen = replace(well, **fields)
        return _by_type(server.judge(_server_spec(**spec or {}), seen, expected))

    return judge


@pytest.fixture
def view() -> Callable[..., ServerView]:
    """The AuthlyServer auth/main as scopes and clients see it.

    `allow` is its rule of namespaces, `rules` are others of allowedClients.
    """

    def build(
        *,
        ready: bool = True,
        database_ready: bool = True,
        allow: Mapping[str, Any] | None = None,
        profile: str = "OAuth21",
        **rules: Any,
    ) -> ServerView:
        spec = _server_spec(
            allowedClients={"namespaces": allow or {}, **rules}, oauth={"profile": profile}
        )
        return ServerView(identity=SERVER, spec=spec, ready=ready, database_ready=database_ready)

    return build


@pytest.fixture
def judge_scope(view: Callable[..., ServerView]) -> Callable[..., dict[str, Told]]:
    """Judge a scope that is well but for the fields of ScopeObserved given."""
    spec = authly_scope.Spec.model_validate({"serverRef": {"name": "main"}, "name": "reports"})

    def judge(**fields: Any) -> dict[str, Told]:
        well = ScopeObserved(
            identity=Identity(name="reports", namespace="auth", uid="uid-of-scope", generation=1),
            server=view(),
            row={"name": "reports", "owner": "auth/reports", "in_use_by": 2},
            written=Written(outcome="Unchanged"),
        )
        return _by_type(scope.judge(spec, replace(well, **fields)))

    return judge


@pytest.fixture
def judge_client(view: Callable[..., ServerView]) -> Callable[..., dict[str, Told]]:
    """Judge a confidential client that is well but for the fields of ClientObserved given."""

    def judge(
        *, spec: Mapping[str, Any] | None = None, expected: SecretData | None = None, **fields: Any
    ) -> dict[str, Told]:
        given = {"serverRef": {"name": "main"}, "grantTypes": ["client_credentials"]}
        well = ClientObserved(
            identity=Identity(name="shop", namespace="auth", uid="uid-of-client", generation=1),
            server=view(),
            row={
                "owner": "auth/shop",
                "secret_sha256": [client_secret.digest("s3cret-value")],
            },
            written=Written(outcome="Unchanged"),
            secrets=(
                KnownSecret(
                    name="1f2e3d4c",
                    digest=client_secret.digest("s3cret-value"),
                    created_at=CREATED,
                    observed_at=CREATED + timedelta(hours=1),
                ),
            ),
            verified=Verified(mark="1f2e3d4c/ClientSecretBasic"),
            secret=SecretSeen(
                data=SecretData({"client_secret": "s3cret-value", "issuer": ISSUER}),
                owner_uid="uid-of-client",
            ),
        )
        wanted = authly_client.Spec.model_validate({**given, **(spec or {})})
        return _by_type(client.judge(wanted, replace(well, **fields), expected))

    return judge
