"""For any spec that the schema admits: it builds, and no secret shows."""

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings, strategies as st
from tests.operator_desired import plans

from authly_operator.api import authly_server
from authly_operator.observed import DatabaseProbe, Identity, Manifest, SecretData, ServerObserved


names = st.from_regex(r"[a-z]([a-z0-9-]{0,38}[a-z0-9])?", fullmatch=True)
hosts = st.from_regex(r"[a-z0-9]([-a-z0-9.]{0,20}[a-z0-9])?", fullmatch=True)
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)
quantities = st.one_of(
    st.integers(0, 10**9), texts, st.from_regex(r"[0-9]{1,4}(\.[0-9])?(m|k|Mi|Gi)?", fullmatch=True)
)
durations = st.from_regex(r"([1-9][0-9]?(\.[0-9])?(ms|s|m|h)){1,3}", fullmatch=True)
issuers = st.from_regex(r"https://[^\s/?#@]{1,20}(/[^\s?#]{0,10})?", fullmatch=True)


def some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


amounts = st.dictionaries(st.sampled_from(["cpu", "memory"]), quantities)
resources = some(requests=amounts, limits=amounts)
managed = some(
    image=st.just("postgres:15"),
    storage=some(size=st.from_regex(r"[0-9]{1,4}(Mi|Gi|Ti)?", fullmatch=True), className=names),
    resources=resources,
    parameters=st.dictionaries(texts, texts, max_size=5),
)
external = st.just({"secretRef": {"name": "pg", "key": "url"}})
databases = st.one_of(
    managed.map(lambda spec: {"managed": spec}), external.map(lambda spec: {"external": spec})
)
s3 = st.fixed_dictionaries(
    {"bucket": st.text("ab", min_size=3), "credentialsSecretRef": st.just({"name": "keys"})},
    optional={
        "endpoint": st.from_regex(r"https?://[^\s]{1,20}", fullmatch=True),
        "prefix": texts,
    },
)
claims = names.map(lambda name: {"persistentVolumeClaim": {"claimName": name}})
backups = st.fixed_dictionaries(
    {"destination": st.one_of(claims, s3.map(lambda spec: {"s3": spec}))},
    optional={"suspend": st.booleans()},
)
tls = some(
    secretName=names,
    issuerRef=st.fixed_dictionaries(
        {"name": names}, optional={"kind": st.sampled_from(["Issuer", "ClusterIssuer"])}
    ),
)
ingresses = st.fixed_dictionaries(
    {"enabled": st.booleans(), "host": hosts},
    optional={"className": names, "tls": tls, "annotations": st.dictionaries(texts, texts)},
)
names = st.from_regex(r"[A-Za-z0-9.:-]{1,30}", fullmatch=True)
origins = st.lists(names.map(lambda name: f"https://{name.lower()}0"), max_size=3, unique=True)
networks = st.lists(st.sampled_from(["10.0.0.0/8", "fd00::/8"]), max_size=2, unique=True)
specs = st.fixed_dictionaries(
    {"issuer": issuers, "database": databases},
    optional={
        "image": some(repository=st.text("a/:.", min_size=1), tag=st.text("a1.", min_size=1)),
        "replicas": st.integers(0, 100),
        "migrations": some(timeout=durations, backoffLimit=st.integers(0, 20)),
        "bootstrapAdmin": st.sampled_from([{}, {"secretRef": {"name": "admin"}}]),
        "tokens": some(
            accessTokenTTL=durations,
            refreshTokenTTL=durations,
            accessTokenFormat=st.sampled_from(["JWT", "Opaque"]),
        ),
        "signingKeys": some(algorithm=st.sampled_from(["ES256", "RS256", "EdDSA", "HS256"])),
        "security": some(
            corsOrigins=origins,
            allowedHosts=st.lists(names, max_size=3, unique=True),
            trustedProxies=networks,
        ),
        "service": some(port=st.integers(1, 65535), type=st.sampled_from(["NodePort"])),
        "ingress": ingresses,
        "resources": resources,
        "disruptionBudget": some(enabled=st.booleans()),
        "networkPolicy": some(enabled=st.booleans()),
        "backup": backups,
        "deletionPolicy": st.sampled_from(["Retain", "Delete"]),
    },
)
GIVEN = {
    "pg": SecretData({"url": "postgresql://boss:correct-horse@db.example.com/shop"}),
    "admin": SecretData({"ADMIN_PASSWORD": "battery-staple"}),
}
CLOSED = {".spec.ingress", ".spec.egress"}
"""Of NetworkPolicies: written so that what others add there is taken away again."""


def without_values(manifest: Manifest) -> Manifest:
    is_secret = manifest["kind"] == "Secret"
    return {**manifest, "data": sorted(manifest["data"])} if is_secret else manifest


def void(part: object, path: str = "") -> Iterator[str]:
    """The paths of nulls and empty lists, which the API server never answers."""
    if part is None or part == []:
        yield path
    for name, child in part.items() if isinstance(part, dict) else ():
        yield from void(child, f"{path}.{name}")
    for number, child in enumerate(part) if isinstance(part, list) else ():
        yield from void(child, f"{path}[{number}]")


@settings(max_examples=200, deadline=None)
@given(spec=specs, name=names, entropy=st.binary(min_size=64, max_size=64))
def test_any_spec_builds_and_shows_no_secret_outside_of_secrets(
    spec: dict[str, Any], name: str, entropy: bytes
) -> None:
    identity = Identity(name=name, namespace="auth", uid="uid", generation=1)
    seen = ServerObserved(identity=identity, secrets=GIVEN, database=DatabaseProbe())
    plan = plans.plan_of(authly_server.Spec.model_validate(spec), seen, entropy)

    found = plans.everything(plan)
    shown = json.dumps([without_values(manifest) for manifest in found])
    hidden = {k: v for k, v in plan.material.credentials.items() if k != "ADMIN_EMAIL"}

    assert plan.material.complete
    assert len({(m["kind"], m["metadata"]["name"]) for m in found}) == len(found)
    assert [key for key, value in hidden.items() if value in shown] == []
    assert "correct-horse" not in shown
    assert "PRIVATE KEY" not in shown
    assert {path for one in found for path in void(one)} <= CLOSED
