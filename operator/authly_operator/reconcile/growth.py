"""The claim of a managed database, expanded where the spec asks for more."""

from authly_operator import naming
from authly_operator.cluster import errors
from authly_operator.desired import storage
from authly_operator.desired.plan import Plan
from authly_operator.reconcile.collaborators import Collaborators


async def expand(tools: Collaborators, plan: Plan) -> str | None:
    """Why the API server did not let the claim grow, for example by its StorageClass; else None.

    Raises:
        cluster.errors.Unavailable: the API server did not answer.
    """
    patch = storage.growth(plan.spec, plan.seen)
    if patch is None:
        return None
    name = naming.database_claim(plan.name)
    try:
        await tools.api.merge("PersistentVolumeClaim", plan.namespace, name, patch)
    except errors.Refused as refused:
        return str(refused)
    tools.metrics.writes.labels("PersistentVolumeClaim").inc()
    return None
