"""The figures of a run as Markdown, and whether the run was good."""

from collections.abc import Iterator

from bench.soak.gauges import Sample, growth
from bench.soak.ledger import Ledger


MOST_MEGABYTES, MOST_FILES, MOST_THREADS = 8.0, 8.0, 2.0
"""How much more the last third of a run may use than the middle one."""


def lines(ledger: Ledger, samples: list[Sample], minutes: float) -> Iterator[str]:
    """Everything that was counted."""
    yield f"{ledger.requests} answers in {minutes:g} minutes, {ledger.breaches} breaches."
    yield from (f"- BREACH: {finding}" for finding in ledger.findings)
    yield from ("", "| request | answers by status |", "|---|---|")
    for what in sorted({what for what, _ in ledger.answers}):
        counted = sorted((status, n) for (w, status), n in ledger.answers.items() if w == what)
        yield f"| {what} | {', '.join(f'{status}: {n}' for status, n in counted)} |"
    yield from ("", "| event | times |", "|---|---|")
    yield from (f"| {event} | {times} |" for event, times in sorted(ledger.events.items()))
    yield from ("", "| minute | MB | files | threads | connections | CPU s |")
    yield "|---|---|---|---|---|---|"
    yield from map(_line, _some(samples, 11))
    megabytes, files, threads = growth(samples)
    yield ""
    yield (
        f"Last third against the middle one: {megabytes:+.1f} MB, {files:+.0f} files,"
        f" {threads:+.0f} threads."
    )


def is_good(ledger: Ledger, samples: list[Sample]) -> bool:
    """No breach, and nothing that grows."""
    limits = MOST_MEGABYTES, MOST_FILES, MOST_THREADS
    return not ledger.breaches and all(
        grown <= limit for grown, limit in zip(growth(samples), limits, strict=True)
    )


def _some(samples: list[Sample], count: int) -> list[Sample]:
    if len(samples) <= count:
        return samples
    return [samples[round(i * (len(samples) - 1) / (count - 1))] for i in range(count)]


def _line(sample: Sample) -> str:
    connections = "away" if sample.connections is None else sample.connections
    return (
        f"| {sample.seconds / 60:.1f} | {sample.megabytes:.1f} | {sample.files} |"
        f" {sample.threads} | {connections} | {sample.cpu / 1000:.1f} |"
    )
