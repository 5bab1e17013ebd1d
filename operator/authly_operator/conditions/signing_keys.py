"""SigningKeysReady: the Secret with the key ring was seen, and has a key of each algorithm."""

from typing import Final

from authly_operator import naming
from authly_operator.api.policy import Algorithm
from authly_operator.condition_names import Condition, Reason
from authly_operator.conditions import judgement
from authly_operator.conditions.judgement import Judgement
from authly_operator.conditions.situation import Situation
from authly_operator.material import keyring, rotation
from authly_operator.material.signing_key import SigningKey, State
from authly_operator.observed import SecretData


TYPE: Final = Condition.SIGNING_KEYS_READY
SHARED_KEY: Final = "JWT_SECRET_KEY"
"""The key of the credentials Secret that HS256 signs with."""
_NOTHING: Final = SecretData({})
_DRAWS: Final = "the operator draws it"


def judge(case: Situation) -> Judgement:
    """Judge the Secret that was observed, not the keys that were drawn."""
    if case.spec.signing_keys.algorithm is Algorithm.HS256:
        return _shared(case)
    name = naming.signing_keys(case.seen.identity.name)
    document = case.seen.secrets.get(name, _NOTHING).get(keyring.KEY)
    try:
        ring = keyring.parse(document)
    except ValueError as error:
        message = f"Secret {name}: {error} (tokens signed so far become invalid)"
        return judgement.fails(TYPE, Reason.SIGNING_KEYS_MALFORMED, message)
    if case.expected.signing_keys_missing:
        message = f"{case.expected.signing_keys_missing}: the keys of before go on signing"
        return judgement.fails(TYPE, Reason.REFERENCE_MISSING, message)
    return _ring(ring, case.spec.signing_keys.algorithm, name)


def _ring(ring: keyring.Ring, algorithm: Algorithm, name: str) -> Judgement:
    """While another key signs, one of the wanted algorithm may be published only."""
    wanted = keyring.algorithms(algorithm)
    signing = [key for key in ring.keys if key.state is State.ACTIVE]
    coming = [key for each in wanted if (key := ring.published(each)) is not None]
    there = {key.alg for key in (*(ring.active(each) for each in wanted), *coming) if key}
    if missing := [each.value for each in wanted if each.value not in there]:
        message = f"Secret {name} has no Active key of {' and of '.join(missing)} yet: {_DRAWS}"
        return judgement.fails(TYPE, Reason.SIGNING_KEYS_MISSING, message)
    if not signing:
        message = f"Secret {name} has no Active key yet: {_DRAWS}"
        return judgement.fails(TYPE, Reason.SIGNING_KEYS_MISSING, message)
    named = " and ".join(f"{key.kid} ({key.alg})" for key in signing)
    message = f"Secret {name}: signing with {named}"
    if not coming:
        return judgement.holds(TYPE, Reason.KEY_RING_ACTIVE, message)
    told = "".join(f"; {key.kid} ({key.alg}) {_coming(key)}" for key in coming)
    return judgement.holds(TYPE, Reason.KEY_RING_ROTATING, message + told)


def _coming(key: SigningKey) -> str:
    moment = rotation.signs_from(key)
    return f"signs from {moment}" if moment else "signs when it has been published long enough"


def _shared(case: Situation) -> Judgement:
    name = naming.credentials(case.seen.identity.name)
    if case.seen.secrets.get(name, _NOTHING).get(SHARED_KEY):
        message = f"HS256 signs with {SHARED_KEY} of Secret {name}; no key is published"
        return judgement.holds(TYPE, Reason.SHARED_SECRET, message)
    message = f"Secret {name} has no {SHARED_KEY} yet: {_DRAWS}"
    return judgement.fails(TYPE, Reason.SIGNING_KEYS_MISSING, message)
