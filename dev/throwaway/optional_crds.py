"""Definitions of kinds that a cluster may or may not know, out of pinned Go modules.

dev/optional-crds/go.mod and go.sum say which; nothing is compiled.
"""

import json
import subprocess
from pathlib import Path
from typing import Final


SOURCE: Final = Path(__file__).parents[1] / "optional-crds"
FILES: Final = {
    "HTTPRoute": (
        "sigs.k8s.io/gateway-api",
        "config/crd/standard/gateway.networking.k8s.io_httproutes.yaml",
    ),
    "ServiceMonitor": (
        "github.com/prometheus-operator/prometheus-operator",
        "example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml",
    ),
    "PrometheusRule": (
        "github.com/prometheus-operator/prometheus-operator",
        "example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml",
    ),
    "Cluster": (
        "github.com/cloudnative-pg/cloudnative-pg",
        "config/crd/bases/postgresql.cnpg.io_clusters.yaml",
    ),
}
"""By kind: the module, and the file in it."""


def paths() -> dict[str, Path]:
    """The file with the definition of each kind; modules are fetched where they are not yet."""
    modules = sorted({module for module, _ in FILES.values()})
    done = subprocess.run(  # noqa: S603
        ["go", "mod", "download", "-json", *modules],  # noqa: S607
        cwd=SOURCE,
        check=True,
        capture_output=True,
        text=True,
    )
    places = {one["Path"]: Path(one["Dir"]) for one in _documents(done.stdout)}
    return {kind: places[module] / name for kind, (module, name) in FILES.items()}


def _documents(text: str) -> list[dict[str, str]]:
    """JSON objects one after the other."""
    found, at, decoder = [], 0, json.JSONDecoder()
    while at < len(text.rstrip()):
        document, end = decoder.raw_decode(text, at)
        found.append(document)
        at = end + 1
    return found
