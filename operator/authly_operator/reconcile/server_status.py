"""The facts in the status of an AuthlyServer, beside its conditions; pure."""

from collections.abc import Callable, Iterable, Set as AbstractSet
from typing import Any, Final

from authly_operator import naming
from authly_operator.api import authly_server, policy
from authly_operator.condition_names import Condition
from authly_operator.conditions.judgement import Judgement
from authly_operator.desired import program
from authly_operator.material import keyring, rotation
from authly_operator.material.signing_key import SigningKey
from authly_operator.observed import ServerObserved
from authly_operator.reconcile import database_facts


PHASES: Final[tuple[tuple[str, Callable[[AbstractSet[Condition]], bool]], ...]] = (
    ("Paused", lambda true: Condition.PAUSED in true),
    ("RollingOut", lambda true: true >= {Condition.READY, Condition.PROGRESSING}),
    ("Ready", lambda true: Condition.READY in true),
    ("Progressing", lambda true: Condition.PROGRESSING in true),
    ("Degraded", lambda _: True),
)
"""The first that holds."""
_SHOWN: Final = {"kid", "alg", "state", "published_at", "active_at", "retire_at"}


def facts(spec: authly_server.Spec, seen: ServerObserved) -> dict[str, Any]:
    """What was observed; None for what is not known."""
    name = seen.identity.name
    deployment = seen.child("Deployment", naming.deployment(name))
    counts = (deployment or {}).get("status", {})
    return {
        "image": program.image_of(deployment) if deployment else None,
        "schemaRevision": seen.database.schema_revision if seen.database else None,
        "replicas": counts.get("replicas", 0),
        "readyReplicas": counts.get("readyReplicas", 0),
        "selector": _selector(name),
        "database": database_facts.told(spec, seen),
        "endpoints": _endpoints(spec, seen),
        "signingKeys": _signing_keys(spec, seen),
        "tokensNotBefore": seen.database.tokens_not_before if seen.database else None,
    }


def _signing_keys(spec: authly_server.Spec, seen: ServerObserved) -> list[dict[str, str]] | None:
    """The ring without its private keys; None where there is none, or none that can be read."""
    found = seen.secrets.get(naming.signing_keys(seen.identity.name))
    if found is None or spec.signing_keys.algorithm is policy.Algorithm.HS256:
        return None
    try:
        ring = keyring.parse(found.get(keyring.KEY))
    except ValueError:
        return None
    wanted, decided = spec.signing_keys.algorithm.value, spec.signing_keys.secret_ref is not None
    ordered = sorted(ring.keys, key=lambda key: (key.state != "Active", key.alg != wanted))
    return [_shown(key, decided=decided) for key in ordered]


def _shown(key: SigningKey, *, decided: bool) -> dict[str, str]:
    """An entry of the status; `decided` where somebody else says when the key signs."""
    entry = key.model_dump(mode="json", by_alias=True, include=_SHOWN, exclude_none=True)
    moment = None if decided else rotation.signs_from(key)
    return entry | ({"signsFrom": moment} if moment else {})


def phase(judged: Iterable[Judgement]) -> dict[str, str]:
    """One word for people, by the conditions."""
    true = {one.type for one in judged if one.true}
    return {"phase": next(word for word, holds in PHASES if holds(true))}


def _selector(name: str) -> str:
    labels = naming.selector(name, naming.Component.SERVER)
    return ",".join(f"{key}={text}" for key, text in labels.items())


def _endpoints(spec: authly_server.Spec, seen: ServerObserved) -> dict[str, str]:
    issuer = spec.effective_issuer()
    identity = seen.identity
    internal = naming.service_url(identity.name, identity.namespace, spec.service.port)
    endpoints = {"issuer": issuer, "internal": internal}
    if spec.signing_keys.algorithm is not policy.Algorithm.HS256:
        endpoints["jwks"] = f"{issuer}/jwks"
    return endpoints
