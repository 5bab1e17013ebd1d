"""Signing keys of the user's own: one private key in PEM, or a whole ring with its states.

With one key the operator leads it through its life: another key in the Secret is published, signs
later, and the former one retires. With a ring the user decides which key is in which state.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from authly_operator.api import authly_server
from authly_operator.material import signing_key
from authly_operator.material.signing_key import SigningKey, State
from authly_operator.observed import SecretData


_MOST_KEYS: Final = 32


@dataclass(frozen=True, slots=True)
class Existing:
    """Either is there; neither where keys are generated."""

    key: SigningKey | None = None
    ring: tuple[SigningKey, ...] = ()


class _Document(BaseModel):
    """Stricter than what a server reads: whoever writes a ring should hear of a typing error."""

    model_config = ConfigDict(strict=True, extra="forbid")

    keys: tuple["_Entry", ...]


class _Entry(SigningKey):
    model_config = ConfigDict(extra="forbid")


def read(
    spec: authly_server.Spec,
    secrets: Mapping[str, SecretData],
    known: Mapping[str, str],
) -> Existing:
    """Answer the keys of spec.signingKeys.secretRef; `known` are PEMs of the ring by kid.

    What is known already was checked when it came.

    Raises:
        LookupError: the Secret is absent, or what it holds is of no use; one sentence without any
            of it.
    """
    reference = spec.signing_keys.secret_ref
    if reference is None:
        return Existing()
    place = f"key {reference.key} of Secret {reference.name} (signingKeys.secretRef)"
    text = secrets.get(reference.name, SecretData({})).get(reference.key)
    if text is None:
        message = f"{place} does not exist or is empty"
        raise LookupError(message)
    algorithm = spec.signing_keys.algorithm.value
    try:
        if text.lstrip().startswith("{"):
            return Existing(ring=_ring(text, algorithm, known))
        return Existing(key=_key(text, algorithm, known))
    except ValueError as error:
        message = f"{place} cannot be used: {error}"
        raise LookupError(message) from None


def _key(text: str, algorithm: str, known: Mapping[str, str]) -> SigningKey:
    pem = text.strip() + "\n"
    if pem.count("-----BEGIN") != 1:
        message = "it must be one private key in PEM, or a key ring as JSON"
        raise ValueError(message)
    key = signing_key.publish(pem, algorithm)
    _check(key, known)
    return key


def _ring(text: str, algorithm: str, known: Mapping[str, str]) -> tuple[SigningKey, ...]:
    keys = _entries(text)
    if not keys or len(keys) > _MOST_KEYS:
        message = f"the ring must have 1 to {_MOST_KEYS} keys"
        raise ValueError(message)
    if len({key.kid for key in keys}) < len(keys):
        message = "the ring names a kid twice"
        raise ValueError(message)
    for key in keys:
        if known.get(key.kid, key.private_key) != key.private_key:
            message = f"key {key.kid!r} is another one than before: give it a kid of its own"
            raise ValueError(message)
        _check(key, known)
    _check_active(keys, algorithm)
    return keys


def _entries(text: str) -> tuple[SigningKey, ...]:
    try:
        entries = _Document.model_validate_json(text).keys
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "the document"
        message = f"the ring is malformed: {place}: {first['msg']}"
        raise ValueError(message) from None
    plain = ({name: getattr(one, name) for name in _GIVEN} for one in entries)
    return tuple(SigningKey.model_validate(one) for one in plain)


def _check(key: SigningKey, known: Mapping[str, str]) -> None:
    try:
        signing_key.load(key.private_key, key.alg, trusted=known.get(key.kid) == key.private_key)
    except ValueError as error:
        message = f"key {key.kid!r}: {error}"
        raise ValueError(message) from None


def _check_active(keys: tuple[SigningKey, ...], algorithm: str) -> None:
    """One Active key for each algorithm that there is, and one of the wanted algorithm."""
    active: list[str] = [key.alg for key in keys if key.state is State.ACTIVE]
    for alg in sorted({algorithm, *(key.alg for key in keys)}):
        if active.count(alg) != 1:
            message = f"the ring must have one Active key of {alg}, it has {active.count(alg)}"
            raise ValueError(message)


_GIVEN: Final = ("kid", "alg", "state", "private_key")
"""Times are the operator's."""
