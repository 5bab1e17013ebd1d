"""The container that dumps the database by the pg_dump of its own major version (ADR 39).

One container of the server's image writes down what is to be run, the next one runs it, and the
ones after it find the dump.
"""

from typing import Final

from authly_operator import naming
from authly_operator.desired import pod, program, quantity
from authly_operator.desired.plan import Plan


NAME: Final = "dump"
_ORDER: Final = {"name": "order", "mountPath": "/order"}
_DUMPS: Final = {"name": naming.DUMP_VOLUME, "mountPath": "/dumps"}
_ORDER_ROOM: Final = "1Mi"
GIVEN: Final = {"BACKUP_DUMP_DIRECTORY": _DUMPS["mountPath"]}
"""The setting of those who find the dump."""
ORDERING: Final = {"BACKUP_ORDER_DIRECTORY": _ORDER["mountPath"], **GIVEN}
"""The settings of the one that writes down how it is made."""
MOUNTS: Final = (_DUMPS,)
ORDERING_MOUNTS: Final = (_ORDER, _DUMPS)


def container(plan: Plan) -> pod.Part:
    """The one that dumps."""
    return pod.container(
        NAME,
        plan.dump_image or plan.database_image,
        command=["sh", f"{_ORDER['mountPath']}/run"],
        resources=program.JOB_RESOURCES,
        mounts=[*ORDERING_MOUNTS, *program.trust(plan)],
    )


def is_known(plan: Plan) -> bool:
    """Whether there is an image whose pg_dump is known to fit the database."""
    return plan.dump_image is not None


def volumes(plan: Plan) -> tuple[pod.Part, ...]:
    """What the containers hand over; the order holds a password, and stays in memory."""
    managed, wanted = plan.spec.database.managed, plan.spec.database.dump.size_limit
    limit = wanted or (managed.storage.size if managed else None)
    dumps = {"sizeLimit": quantity.canonical(limit)} if limit else {}
    order = {"medium": "Memory", "sizeLimit": _ORDER_ROOM}
    return (
        {"name": _ORDER["name"], "emptyDir": order},
        {"name": _DUMPS["name"], "emptyDir": dumps},
    )
