"""Restart the workloads that use a client's secret, one after the other, with the current one."""

from http import HTTPStatus

from authly_operator import naming
from authly_operator.api import authly_client
from authly_operator.api.rotation import RolloutTarget
from authly_operator.cluster import errors
from authly_operator.conditions import rollout_target
from authly_operator.desired import restart as restarts
from authly_operator.material import secret_rotation
from authly_operator.observed import Manifest
from authly_operator.observed_clients import ClientObserved
from authly_operator.observed_secrets import Rollout, RolloutState
from authly_operator.reconcile.collaborators import Collaborators


async def restart(
    tools: Collaborators, spec: authly_client.Spec, seen: ClientObserved
) -> tuple[Rollout, ...]:
    """How far each is, up to the first that does not run with the current secret yet.

    Raises:
        cluster.errors.Unavailable: the API server did not answer.
    """
    told: list[Rollout] = []
    for target in secret_rotation.rotation(spec).rollout_targets:
        state, said = await _bring(tools, seen, target)
        told.append(Rollout(name=f"{target.kind} {target.name}", state=state, said=said))
        if state is not RolloutState.ROLLED_OUT:
            break
    return tuple(told)


async def _bring(
    tools: Collaborators, seen: ClientObserved, target: RolloutTarget
) -> tuple[RolloutState, str]:
    if not tools.settings.restart_consumers:
        return RolloutState.NOT_ALLOWED, ""
    try:
        found = await tools.api.get(target.kind, seen.identity.namespace, target.name)
        if found is None:
            return RolloutState.NOT_FOUND, ""
        return await _restart(tools, found, seen.secrets[0].name)
    except errors.Refused as refused:
        denied = refused.status == HTTPStatus.FORBIDDEN
        return (RolloutState.NOT_ALLOWED if denied else RolloutState.REFUSED), str(refused)


async def _restart(tools: Collaborators, found: Manifest, secret: str) -> tuple[RolloutState, str]:
    labels = found["metadata"].get("labels") or {}
    if labels.get(naming.MANAGED_BY_LABEL) == naming.FIELD_MANAGER:
        return RolloutState.FOREIGN, ""
    if not restarts.is_asked_for(found, secret):
        await tools.api.apply(restarts.build(found, secret), naming.RESTART_FIELD_MANAGER)
        return RolloutState.ROLLING_OUT, ""
    done = rollout_target.is_rolled_out(found)
    return (RolloutState.ROLLED_OUT if done else RolloutState.ROLLING_OUT), ""
