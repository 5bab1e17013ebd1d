"""CredentialsReady: the Secret for the client's pods was seen with the current values."""

from collections.abc import Mapping
from typing import Any, Final

from authly_operator import naming
from authly_operator.api import authly_client
from authly_operator.condition_names import Condition, Reason
from authly_operator.conditions import judgement
from authly_operator.conditions.judgement import Judgement
from authly_operator.material import client_key, client_secret
from authly_operator.observed import SecretData
from authly_operator.observed_clients import ClientObserved, SecretSeen


TYPE: Final = Condition.CREDENTIALS_READY
SECRET_KEY: Final = "client_secret"  # noqa: S105 - the name of a key
"""The key of the Secret that holds the client secret."""


def judge(spec: authly_client.Spec, seen: ClientObserved, expected: SecretData | None) -> Judgement:
    """Judge the chain: the reference, the Secret, its owner, its values, the registered hash."""
    return (
        _unreferenced(spec, seen)
        or _unwritten(spec, seen)
        or _outdated(spec, seen, expected)
        or _unregistered(spec, seen)
        or _written(spec, seen)
    )


def _unreferenced(spec: authly_client.Spec, seen: ClientObserved) -> Judgement | None:
    """Nothing is made up in place of a reference that leads nowhere."""
    ref = spec.auth.secret.ref if spec.auth.secret else None
    if ref is None:
        return None
    place = f"Secret {seen.identity.namespace}/{ref.name} (spec.auth.secret.ref)"
    if seen.source is None:
        message = f"{place} does not exist: create it with the client secret in key {ref.key}"
        return judgement.fails(TYPE, Reason.SECRET_NOT_FOUND, message)
    if seen.source.data.get(ref.key) is None:
        message = (
            f"key {ref.key} of {place} does not exist or is empty: put the client secret there"
        )
        return judgement.fails(TYPE, Reason.SECRET_KEY_NOT_FOUND, message)
    return None


def _unwritten(spec: authly_client.Spec, seen: ClientObserved) -> Judgement | None:
    if seen.secret is not None:
        return _taken(spec, seen, seen.secret)
    message = f"Secret {_name(spec, seen)} does not exist yet: the operator writes it"
    return judgement.fails(TYPE, Reason.SECRET_NOT_WRITTEN, message)


def _taken(spec: authly_client.Spec, seen: ClientObserved, found: SecretSeen) -> Judgement | None:
    if found.belongs_to(seen.identity.uid):
        return None
    message = (
        f"Secret {_name(spec, seen)} was not made for this AuthlyClient and is left alone: set"
        " spec.secretTemplate.name to another name, or delete that Secret"
    )
    return judgement.fails(TYPE, Reason.SECRET_TAKEN, message)


def _outdated(
    spec: authly_client.Spec, seen: ClientObserved, expected: SecretData | None
) -> Judgement | None:
    found = seen.secret.data if seen.secret else SecretData({})
    wanted = {**_source(spec, seen), **(expected.data if expected else {})}
    keys = [key for key, value in wanted.items() if found.get(key) != value]
    if spec.has_secret() and found.get(SECRET_KEY) is None:
        keys.append(SECRET_KEY)
    if spec.has_generated_key() and found.get(client_key.KEY) is None:
        keys.append(client_key.KEY)
    if not keys:
        return None
    names = ", ".join(sorted({*keys}))
    message = (
        f"Secret {_name(spec, seen)} does not hold the current {names}: the operator writes it"
    )
    return judgement.fails(TYPE, Reason.SECRET_OUTDATED, message)


def _source(spec: authly_client.Spec, seen: ClientObserved) -> dict[str, str]:
    """What the referenced Secret says that the client secret is."""
    ref = spec.auth.secret.ref if spec.auth.secret else None
    given = seen.source.data.get(ref.key) if ref and seen.source else None
    return {} if given is None else {SECRET_KEY: given}


def _unregistered(spec: authly_client.Spec, seen: ClientObserved) -> Judgement | None:
    """A confidential client's Secret whose secret, or key, the server would refuse."""
    if seen.row is None:
        return None
    held = seen.secret.data if seen.secret else SecretData({})
    unknown = _unknown(spec, held, seen.row)
    if unknown is None:
        return None
    message = f"the server does not know {unknown} of Secret {_name(spec, seen)} yet: see Synced"
    return judgement.fails(TYPE, Reason.SECRET_NOT_REGISTERED, message)


def _unknown(spec: authly_client.Spec, held: SecretData, row: Mapping[str, Any]) -> str | None:
    """By which key the Secret holds what the registration does not have."""
    text, pem = held.get(SECRET_KEY), held.get(client_key.KEY)
    known = row.get("secret_sha256") or ()
    if spec.has_secret() and (text is None or client_secret.digest(text) not in known):
        return SECRET_KEY
    if spec.has_generated_key() and (pem is None or not client_key.knows(row, pem)):
        return client_key.KEY
    return None


def _written(spec: authly_client.Spec, seen: ClientObserved) -> Judgement:
    message = f"Secret {_name(spec, seen)} holds the current credentials"
    return judgement.holds(TYPE, Reason.SECRET_WRITTEN, message)


def _name(spec: authly_client.Spec, seen: ClientObserved) -> str:
    name = spec.secret_template.name or naming.client_secret(seen.identity.name)
    return f"{seen.identity.namespace}/{name}"
