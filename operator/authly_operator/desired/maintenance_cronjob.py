"""The CronJob that sweeps expired tokens and codes."""

from typing import Final

from authly_operator import naming
from authly_operator.desired import cronjob, environment, program
from authly_operator.desired.plan import Plan
from authly_operator.observed import Manifest


_DEADLINE: Final = 3600


def build(plan: Plan) -> Manifest:
    """The CronJob of spec.maintenance; VACUUM needs the owner's URL."""
    command = program.container(
        plan,
        "maintain",
        environment.of_owner(plan),
        program.JOB_RESOURCES,
    )
    return cronjob.build(
        plan,
        naming.maintenance(plan.name),
        naming.Component.MAINTENANCE,
        command,
        deadline=_DEADLINE,
        schedule=plan.spec.maintenance.schedule,
        timeZone="Etc/UTC",
        suspend=plan.restoring,
    )
