"""The claims of a managed database, expanded where the spec asks for more."""

from authly_operator.cluster import errors
from authly_operator.desired import storage
from authly_operator.desired.plan import Plan
from authly_operator.reconcile.collaborators import Collaborators


async def expand(tools: Collaborators, plan: Plan) -> dict[str, str]:
    """Why the API server did not let claims grow, for example by their StorageClass, by name.

    Raises:
        cluster.errors.Unavailable: the API server did not answer.
    """
    refusals: dict[str, str] = {}
    for name, patch in storage.growths(plan.spec, plan.seen).items():
        try:
            await tools.api.merge("PersistentVolumeClaim", plan.namespace, name, patch)
        except errors.Refused as refused:
            refusals[name] = str(refused)
        else:
            tools.metrics.writes.labels("PersistentVolumeClaim").inc()
    return refusals
