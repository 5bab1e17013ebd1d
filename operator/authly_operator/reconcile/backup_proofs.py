"""When it was last seen that the youngest backup can be restored, whoever has seen it.

By a run of spec.backup.verify, an AuthlyBackup with spec.verify, or an AuthlyRestore: each dates
the AuthlyBackup whose file it has restored.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from authly_operator.api.authly_backup import Phase
from authly_operator.desired.plan import Plan
from authly_operator.reconcile.collaborators import Collaborators


async def latest(tools: Collaborators, plan: Plan) -> str | None:
    """The last proof among the AuthlyBackups of the server, RFC 3339; None where there is none.

    Raises:
        cluster.errors.ClusterError: the API server did not answer.
    """
    bodies = await tools.api.list_objects("AuthlyBackup", plan.namespace)
    ours = (one for one in bodies if one["spec"]["serverRef"]["name"] == plan.name)
    return judge([one.get("status") or {} for one in ours])


def judge(statuses: Iterable[Mapping[str, Any]]) -> str | None:
    """The last time at which what was the youngest backup then was restored.

    To restore an older one proves that one, and says nothing of what would be restored today.
    """
    made = [one for one in statuses if one.get("phase") == Phase.SUCCEEDED and "begunTime" in one]
    proofs = (
        one["verifiedTime"]
        for one in made
        if one.get("verifiedTime") and not any(_was_younger(other, one) for other in made)
    )
    return max(proofs, default=None)


def _was_younger(other: Mapping[str, Any], proved: Mapping[str, Any]) -> bool:
    """Whether the other one was there when this one was proved, and begun later."""
    there = other.get("completionTime", other["begunTime"]) <= proved["verifiedTime"]
    return bool(there and other["begunTime"] > proved["begunTime"])
