"""The metrics of all processes, whichever of them is asked: each series says whose it is.

Nothing is summed up: the counters of a process that was started again begin anew, which Prometheus
knows from any other restart, while a sum that drops would look like a burst.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector
from typing_extensions import override

from authly_server.processes.doors import Place


LABEL: Final = "process"
TIMEOUT: Final = 1.0

Exposition = Callable[[], bytes]


@contextlib.asynccontextmanager
async def answering(place: Place, own: Exposition) -> AsyncIterator[None]:
    """Tell siblings one's own figures: whoever connects gets them, and no more."""

    async def tell(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            writer.write(f"{place.number}\n".encode() + own())
            await writer.drain()
        writer.close()

    async with await asyncio.start_server(tell, sock=place.metrics):
        yield


async def collect(place: Place, own: Exposition) -> bytes:
    """The figures of all; those of a process that does not answer are missing."""
    asked = [_ask(address) for address in place.siblings]
    told = [each for each in await asyncio.gather(*asked) if each is not None]
    return merge({place.number: own(), **dict(told)})


async def _ask(address: tuple[str, int]) -> tuple[int, bytes] | None:
    try:
        async with asyncio.timeout(TIMEOUT):
            reader, writer = await asyncio.open_connection(*address)
            with contextlib.closing(writer):
                number, _, exposition = (await reader.read()).partition(b"\n")
    except (OSError, TimeoutError):
        return None
    return (int(number), exposition) if number else None


class _Merged(Collector):
    """Families of the same name as one, each sample with the number of its process."""

    def __init__(self, expositions: Mapping[int, bytes]) -> None:
        self._families: dict[str, Metric] = {}
        for number, text in sorted(expositions.items()):
            self._add(number, text.decode())

    def _add(self, number: int, text: str) -> None:
        for family in text_string_to_metric_families(text):
            empty = Metric(family.name, family.documentation, family.type)
            kept = self._families.setdefault(family.name, empty)
            for sample in family.samples:
                labels = {**sample.labels, LABEL: str(number)}
                kept.samples.append(sample._replace(labels=labels))

    @override
    def collect(self) -> Iterator[Metric]:
        yield from self._families.values()


def merge(expositions: Mapping[int, bytes]) -> bytes:
    """One exposition of those of several processes, by their numbers."""
    registry = CollectorRegistry()
    registry.register(_Merged(expositions))
    return generate_latest(registry)
