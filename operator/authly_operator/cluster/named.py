"""Watch what is referred to by its name, one by one, metadata only: others are never seen."""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from authly_operator.cluster import discovery, resources, watch
from authly_operator.references import References, Target


MOST: Final = 200
"""Objects that are watched at a time, since each costs a connection; the others are looked at when
their resource is."""

log = structlog.get_logger(__name__)


async def follow(
    found: discovery.Discovery,
    references: References,
    notify: Callable[[Target], None],
    most: int = MOST,
) -> None:
    """Watch each target for as long as somebody refers to it; for ever.

    `notify` is called once for each target that is there when its watch begins, and whenever it
    comes, changes or goes.
    """
    watched: dict[Target, asyncio.Task[None]] = {}
    async with asyncio.TaskGroup() as group:
        while True:
            references.changed.clear()
            wanted = references.targets()
            if len(wanted) > most:
                log.warning("references_not_watched", count=len(wanted) - most, limit=most)
            for target in watched.keys() - {*wanted[:most]}:
                watched.pop(target).cancel()
            for target in wanted[:most]:
                if target not in watched:
                    watched[target] = group.create_task(_watch(found, target, notify).run())
            await references.changed.wait()


def _watch(
    found: discovery.Discovery, target: Target, notify: Callable[[Target], None]
) -> watch.Watch:
    optional = target.kind in {each.kind for each in resources.OPTIONAL}
    return watch.Watch(
        found.api,
        target.kind,
        target.namespace,
        lambda *_: notify(target),
        selector="",
        name=target.name,
        optional=found if optional else None,
    )
