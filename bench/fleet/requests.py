"""How many requests an API server has answered, by its own count."""

import re

from tests.e2e.kube import Kube


_COUNTER = re.compile(r"^apiserver_request_total\{(.*)\} (\S+)$", re.MULTILINE)
_OTHERS = ('resource="leases"', 'verb="WATCH"', ',resource=""')
"""Heartbeats, watches and probes are not asked for a resource's sake."""


def answered(kube: Kube) -> float:
    """Requests so far, of everybody."""
    told = kube.run("get", "--raw", "/metrics")
    return sum(
        float(value)
        for labels, value in _COUNTER.findall(told)
        if not any(other in labels for other in _OTHERS)
    )
