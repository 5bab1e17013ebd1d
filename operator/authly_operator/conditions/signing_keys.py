"""SigningKeysReady: the Secret with the key ring was seen, and has a key of each algorithm."""

from typing import Any, Final

from authly_operator import naming
from authly_operator.api.policy import Algorithm
from authly_operator.condition_names import Condition, Reason
from authly_operator.conditions import judgement
from authly_operator.conditions.judgement import Judgement
from authly_operator.conditions.situation import Situation
from authly_operator.material import keyring
from authly_operator.observed import SecretData


TYPE: Final = Condition.SIGNING_KEYS_READY
SHARED_KEY: Final = "JWT_SECRET_KEY"
"""The key of the credentials Secret that HS256 signs with."""
_NOTHING: Final = SecretData({})


def judge(case: Situation) -> Judgement:
    """Judge the Secret that was observed, not the keys that were drawn."""
    if case.spec.signing_keys.algorithm is Algorithm.HS256:
        return _shared(case)
    name = naming.signing_keys(case.seen.identity.name)
    document = case.seen.secrets.get(name, _NOTHING).get(keyring.KEY)
    try:
        keys = keyring.parse(document)
    except ValueError as error:
        message = f"Secret {name}: {error} (tokens signed so far become invalid)"
        return judgement.fails(TYPE, Reason.SIGNING_KEYS_MALFORMED, message)
    return _ring(keys, case.spec.signing_keys.algorithm, name)


def _ring(keys: list[dict[str, Any]], algorithm: Algorithm, name: str) -> Judgement:
    signs = {each.value: keyring.active(keys, each) for each in keyring.algorithms(algorithm)}
    if missing := [alg for alg, key in signs.items() if key is None]:
        wanted = " and of ".join(missing)
        message = f"Secret {name} has no Active key of {wanted} yet: the operator draws it"
        return judgement.fails(TYPE, Reason.SIGNING_KEYS_MISSING, message)
    named = " and ".join(f"{key['kid']} ({alg})" for alg, key in signs.items() if key)
    return judgement.holds(TYPE, Reason.KEY_RING_ACTIVE, f"Secret {name}: signing with {named}")


def _shared(case: Situation) -> Judgement:
    name = naming.credentials(case.seen.identity.name)
    if case.seen.secrets.get(name, _NOTHING).get(SHARED_KEY):
        message = f"HS256 signs with {SHARED_KEY} of Secret {name}; no key is published"
        return judgement.holds(TYPE, Reason.SHARED_SECRET, message)
    message = f"Secret {name} has no {SHARED_KEY} yet: the operator draws it"
    return judgement.fails(TYPE, Reason.SIGNING_KEYS_MISSING, message)
