"""RedirectUrisResolved: what spec.redirectUrisFrom refers to was seen, with hosts."""

from authly_operator.api import authly_client
from authly_operator.condition_names import Condition, Reason
from authly_operator.conditions import judgement
from authly_operator.conditions.judgement import Judgement
from authly_operator.observed_clients import ClientObserved


TYPE = Condition.REDIRECT_URIS_RESOLVED


def judge(spec: authly_client.Spec, seen: ClientObserved) -> tuple[Judgement, ...]:
    """Nothing is judged of a client that follows nobody."""
    if not spec.redirect_uris_from:
        return ()
    if seen.unresolved:
        message = (
            f"{judgement.several(seen.unresolved)}: until then nothing is written, and what was"
            " registered before goes on"
        )
        return (judgement.fails(TYPE, Reason.REDIRECT_SOURCE_MISSING, message),)
    message = f"redirected to {judgement.several(spec.redirect_uris, shown=8)}"
    return (judgement.holds(TYPE, Reason.REDIRECT_URIS_FOUND, message),)
