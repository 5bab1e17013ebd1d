"""SecretRotated: one secret of the client is valid, or why there are more and until when."""

from typing import Final

from authly_operator import naming
from authly_operator.api import authly_client
from authly_operator.api.rotation import RetireWhen
from authly_operator.condition_names import Condition, Reason
from authly_operator.conditions import judgement
from authly_operator.conditions.judgement import Judgement
from authly_operator.material import secret_rotation
from authly_operator.observed_clients import ClientObserved
from authly_operator.observed_secrets import KnownSecret, RolloutState


TYPE: Final = Condition.SECRET_ROTATED
STATES: Final = {
    RolloutState.ROLLING_OUT: (
        Reason.ROLLING_OUT,
        "is being restarted with the current secret{said}",
    ),
    RolloutState.NOT_FOUND: (
        Reason.ROLLOUT_TARGET_NOT_FOUND,
        "does not exist{said}: create it, or remove it from there",
    ),
    RolloutState.NOT_ALLOWED: (
        Reason.ROLLOUT_NOT_ALLOWED,
        "may not be restarted{said}: set rolloutTargets.enabled in the operator's Helm release, or"
        " remove rolloutTargets and restart it yourself",
    ),
    RolloutState.FOREIGN: (
        Reason.ROLLOUT_NOT_ALLOWED,
        "belongs to an AuthlyServer and is restarted for no client{said}: remove it from there",
    ),
    RolloutState.REFUSED: (
        Reason.ROLLOUT_REFUSED,
        "cannot be restarted{said}: tried again by itself",
    ),
}
"""What is wrong with a workload that has to be restarted, and what to do."""


def judge(spec: authly_client.Spec, seen: ClientObserved) -> Judgement:
    """Judge by the secrets that the server takes; a client is Ready at each step of a rotation."""
    if not spec.is_rotated():
        message = f"a client of auth.method {spec.auth_method()} has no secret to rotate"
        return judgement.holds(TYPE, Reason.NOTHING_TO_ROTATE, message)
    if not seen.secrets and _is_of_older_schema(spec, seen):
        message = "the server does not tell keys apart before it is upgraded: none is rotated"
        return judgement.holds(TYPE, Reason.NOTHING_TO_ROTATE, message)
    if not seen.secrets:
        message = "the secrets that the server takes were not seen: see Synced"
        return judgement.unknown(TYPE, Reason.NOT_REGISTERED, message)
    if len(seen.secrets) == 1:
        message = (
            f"the server takes one {_word(spec)}, {seen.secrets[0].name}{_ignored(spec, seen)}"
        )
        return judgement.holds(TYPE, Reason.ONE_SECRET, message)
    return _unverified(spec, seen) or _restarting(spec, seen) or _retiring(spec, seen)


def _is_of_older_schema(spec: authly_client.Spec, seen: ClientObserved) -> bool:
    """Whether a key is registered, and the database knows nothing about it."""
    return spec.has_generated_key() and bool((seen.row or {}).get("jwks"))


def _word(spec: authly_client.Spec) -> str:
    return "key" if spec.has_generated_key() else "secret"


def _unverified(spec: authly_client.Spec, seen: ClientObserved) -> Judgement | None:
    if seen.current_works:
        return None
    message = (
        f"the former {_names(spec, seen.secrets[1:])} stays valid until the token endpoint has"
        f" taken {seen.secrets[0].name}: see CredentialsVerified"
    )
    return judgement.fails(TYPE, Reason.NOT_VERIFIED, message)


def _restarting(spec: authly_client.Spec, seen: ClientObserved) -> Judgement | None:
    """The first workload that does not run with the current secret; nothing retires before."""
    waited = [one for one in seen.rollouts if one.state is not RolloutState.ROLLED_OUT]
    if not waited:
        return None
    reason, message = STATES[waited[0].state]
    said = f" ({judgement.excerpt(waited[0].said)})" if waited[0].said else ""
    text = f"{waited[0].name} of spec.rotation.rolloutTargets {message.format(said=said)}"
    kept = f"the former {_names(spec, seen.secrets[1:])} stays valid until then"
    return judgement.fails(TYPE, reason, f"{text}; {kept}")


def _retiring(spec: authly_client.Spec, seen: ClientObserved) -> Judgement:
    policy = secret_rotation.rotation(spec)
    former = seen.secrets[1:]
    if policy.retire_when is RetireWhen.UNUSED:
        until = f"until nobody has shown it for {policy.overlap}"
    else:
        ends = [secret_rotation.expires(policy, one) for one in former]
        last = max((end for end in ends if end is not None), default=None)
        until = f"until {last:%Y-%m-%dT%H:%M:%SZ}" if last else "for a while"
    message = f"the former {_names(spec, former)} is valid beside {seen.secrets[0].name} {until}"
    return judgement.fails(TYPE, Reason.SECRET_RETIRING, f"{message}{_postponed(spec, seen)}")


def _postponed(spec: authly_client.Spec, seen: ClientObserved) -> str:
    """What is asked for meanwhile is not lost, and cuts nobody off."""
    due = secret_rotation.next_time(spec, seen)
    if due is None or due > seen.secrets[0].observed_at:
        return ""
    return "; the rotation that is due comes after that: shorten spec.rotation.overlap to hurry"


def _ignored(spec: authly_client.Spec, seen: ClientObserved) -> str:
    """What the annotation asks for and only somebody else can do."""
    ref = spec.auth.secret.ref if spec.auth.secret else None
    if ref is None or naming.ROTATE_AT_ANNOTATION not in seen.identity.annotations:
        return ""
    return (
        f"; {naming.ROTATE_AT_ANNOTATION} has no effect on what Secret {ref.name} holds: write"
        " another one there"
    )


def _names(spec: authly_client.Spec, secrets: tuple[KnownSecret, ...]) -> str:
    return f"{_word(spec)} {', '.join(one.name for one in secrets)}"
