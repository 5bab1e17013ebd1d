"""Whatever may be observed of a server, a scope and a client, well or not, for property tests."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from authly_operator import naming
from authly_operator.api import authly_client, authly_scope, authly_server, reference
from authly_operator.condition_names import Condition, Reason
from authly_operator.conditions import server
from authly_operator.conditions.judgement import Judgement
from authly_operator.material import client_secret
from authly_operator.observed import (
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


ISSUER = "https://auth.example.com"
JOB = "main-migrate-12345678"
IMAGE = "authly/server:2"
RING = (
    '{"keys": [{"kid": "k1", "alg": "ES256", "state": "Active", "privateKey": "PEM"},'
    ' {"kid": "k2", "alg": "RS256", "state": "Active", "privateKey": "PEM"}]}'
)
IN_ORDER = [condition.value for condition in Condition]

texts = st.one_of(
    st.text(max_size=40), st.sampled_from(["a\nb\r\n\tc\x00", "x" * 5000, "long words " * 500])
)
sentences = st.lists(texts, max_size=5).map(tuple)
names = st.sampled_from(["main", "reports", "shop", "n" * 63])
identities = st.builds(
    Identity,
    name=names,
    namespace=st.sampled_from(["auth", "shop"]),
    uid=st.sampled_from(["u", "v"]),
    generation=st.integers(1, 9),
    deleting=st.booleans(),
    annotations=st.sampled_from([{}, {naming.RECONCILE_ANNOTATION: "disabled"}]),
)
replicas = st.integers(0, 3)


def manifests(parts: Mapping[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects in which any part may be left out, as the API server leaves out what is empty."""
    return st.fixed_dictionaries({}, optional=dict(parts))


told = st.lists(
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(
                [
                    *("Progressing", "ReplicaFailure", "Available", "Complete", "Failed"),
                    "ScalingActive",
                ]
            ),
            "status": st.sampled_from(["True", "False", "Unknown"]),
        },
        optional={
            "reason": st.sampled_from(["NewReplicaSetAvailable", "ProgressDeadlineExceeded", "X"]),
            "message": texts,
        },
    ),
    max_size=3,
)
templates = manifests(
    {
        "metadata": manifests(
            {"annotations": st.sampled_from([{}, {naming.CONFIG_HASH_ANNOTATION: "now"}])}
        ),
        "spec": manifests({"containers": st.sampled_from([[], [{"image": IMAGE}], [{}]])}),
    }
)
workloads = manifests(
    {
        "metadata": manifests({"generation": st.integers(1, 3)}),
        "spec": manifests({"template": templates}),
        "status": manifests(
            {
                "observedGeneration": st.integers(1, 3),
                "replicas": replicas,
                "updatedReplicas": replicas,
                "readyReplicas": replicas,
                "availableReplicas": replicas,
                "conditions": told,
            }
        ),
    }
)
children = manifests(
    {
        "Deployment/main": workloads,
        "StatefulSet/main-database": workloads,
        "HorizontalPodAutoscaler/main": workloads,
        f"Job/{JOB}": manifests({"status": manifests({"conditions": told})}),
    }
).map(lambda found: {tuple(key.split("/")): child for key, child in found.items()})
pods = st.builds(
    Waiting,
    component=st.sampled_from(["server", "database", "migration", "backup", ""]),
    pod=st.sampled_from([f"{JOB}-x", "main-abc", "main-database-0", "p" * 253]),
    reason=st.one_of(
        texts, st.sampled_from(["ImagePullBackOff", "Unschedulable", "Error", "CrashLoopBackOff"])
    ),
    message=st.one_of(texts, st.just("unbound PersistentVolumeClaims")),
)
rings = st.sampled_from(
    [
        *("", "{]", "[]", "3", '{"keys": 5}', '{"keys": [1]}', '{"keys": []}'),
        RING,
    ]
)
server_specs = st.builds(
    lambda fields: authly_server.Spec.model_validate({"issuer": ISSUER, **fields}),
    st.fixed_dictionaries(
        {
            "database": st.sampled_from(
                [{"managed": {}}, {"external": {"secretRef": {"name": "s", "key": "url"}}}]
            ),
            "replicas": replicas,
            "autoscaling": st.sampled_from([None, {"min": 1, "max": 3, "cpu": 50}]),
            "paused": st.booleans(),
            "signingKeys": st.sampled_from([{}, {"algorithm": "HS256"}]),
            "allowedClients": st.sampled_from(
                [
                    {},
                    {"namespaces": {"from": "All"}},
                    {"grantTypes": ["authorization_code"], "maxAccessTokenTTL": "1h"},
                    {"namespaces": {"from": "Selector", "matchLabels": {"a": "b"}}},
                ]
            ),
        }
    ),
)
WELL = ServerObserved(
    identity=Identity(name="main", namespace="auth", uid="u", generation=1),
    children={
        ("Deployment", "main"): {
            "spec": {
                "template": {
                    "metadata": {"annotations": {naming.CONFIG_HASH_ANNOTATION: "now"}},
                    "spec": {"containers": [{"image": IMAGE}]},
                }
            },
            "status": {"replicas": 1, "updatedReplicas": 1, "availableReplicas": 1},
        },
        ("StatefulSet", "main-database"): {"status": {"readyReplicas": 1}},
        ("Job", JOB): {"status": {"conditions": [{"type": "Complete", "status": "True"}]}},
    },
    secrets={"main-signing-keys": SecretData({"keyring.json": RING})},
    database=DatabaseProbe(schema_revision=3),
    endpoint=EndpointProbe(issuer=ISSUER),
)
spoilt_children = children.map(lambda found: {**WELL.children, **found})
servers_seen = manifests(
    {
        "identity": identities,
        "children": children | spoilt_children,
        "secrets": rings.map(
            lambda ring: {"main-signing-keys": SecretData({"keyring.json": ring})}
        ),
        "waiting": st.lists(pods, max_size=3).map(tuple),
        "database": st.none()
        | st.builds(
            DatabaseProbe, schema_revision=st.none() | st.integers(0, 9), error=st.none() | texts
        ),
        "endpoint": st.none()
        | st.builds(EndpointProbe, issuer=st.just(ISSUER) | texts, error=st.none() | texts),
        "failures": sentences,
    }
).map(lambda spoilt: replace(WELL, **spoilt))
"""A server that is well, of which anything may be otherwise."""
expectations = st.builds(
    server.Expectation,
    image=st.just(IMAGE),
    migration_job=st.just(JOB),
    config_hash=st.just("now"),
    missing=st.just(()) | sentences | st.just(("key of database.external.secretRef is empty",)),
)

views = st.builds(
    ServerView,
    identity=identities,
    spec=server_specs,
    ready=st.booleans(),
    database_ready=st.booleans(),
)
outcomes = st.sampled_from(
    ["Created", "Updated", "Unchanged", "Conflict", "Invalid", "UnknownScopes", "InUse", "Deleted"]
)
details = st.none() | texts | st.lists(texts, max_size=30) | st.integers()
rows = st.none() | manifests(
    {
        "owner": st.sampled_from(["auth/shop", "shop/shop", None]),
        "in_use_by": st.none() | st.integers(0, 9),
        "enabled": st.booleans(),
        "secret_sha256": st.sampled_from([None, [], [client_secret.digest("held")]]),
    }
)
registered: dict[str, st.SearchStrategy[Any]] = {
    "identity": identities,
    "server": st.none() | views,
    "namespace_labels": st.just({"a": "b"}),
    "row": rows,
    "written": st.none() | st.builds(Written, outcome=outcomes | texts, detail=details),
    "error": texts,
}
secrets = st.none() | st.builds(
    SecretSeen,
    data=st.sampled_from([{}, {"client_secret": "held"}, {"pass": "held"}]).map(SecretData),
    owner_uid=st.sampled_from([None, "u", "v"]),
)
MAIN = ServerView(
    identity=WELL.identity,
    spec=authly_server.Spec.model_validate({"issuer": ISSUER, "database": {"managed": {}}}),
    ready=True,
    database_ready=True,
)
SHOP = Identity(name="shop", namespace="auth", uid="u", generation=1)
WELL_SCOPE = ScopeObserved(identity=SHOP, server=MAIN, row={"owner": "auth/shop"})
WELL_CLIENT = ClientObserved(
    identity=SHOP,
    server=MAIN,
    row={"owner": "auth/shop", "secret_sha256": [client_secret.digest("held")]},
    secret=SecretSeen(data=SecretData({"client_secret": "held"}), owner_uid="u"),
    source=SecretSeen(data=SecretData({"pass": "held"})),
)
scopes_seen = manifests(registered).map(lambda spoilt: replace(WELL_SCOPE, **spoilt))
clients_seen = manifests(
    {
        **registered,
        "secret": secrets,
        "source": secrets,
        "failures": sentences,
        "verified": st.none() | st.builds(Verified, refusal=st.none() | texts, mark=texts),
    }
).map(lambda spoilt: replace(WELL_CLIENT, **spoilt))
SCOPE_SPEC = authly_scope.Spec.model_validate({"serverRef": {"name": "main"}, "name": "reports"})
CLIENT_FIELDS: list[dict[str, Any]] = [
    {},
    {"auth": {"secret": {"source": "Existing", "ref": {"name": "given", "key": "pass"}}}},
    {
        "type": "Public",
        "grantTypes": ["authorization_code"],
        "redirectUris": ["https://a.example/cb"],
    },
]
client_specs = st.sampled_from(CLIENT_FIELDS).map(
    lambda fields: authly_client.Spec.model_validate(
        {"serverRef": {"name": "main"}, "grantTypes": ["client_credentials"], **fields}
    )
)
judgements = st.builds(
    Judgement,
    type=st.sampled_from(Condition),
    status=st.sampled_from(["True", "False", "Unknown"]).map(reference.ConditionStatus),
    reason=st.sampled_from(Reason),
    message=texts,
)
