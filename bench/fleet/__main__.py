"""`python -m bench.fleet [clients|servers]`: figures of one operator, on a node of its own."""

import argparse
import sys
import time

from tests.e2e import installation
from tests.e2e.kube import Kube

from bench.fleet import clients, servers
from bench.fleet.report import tell


def main() -> int:
    """Bring a node up with the operator on it, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.fleet", description=__doc__)
    parser.add_argument("what", nargs="?", choices=("clients", "servers", "both"), default="both")
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--servers", type=int, default=20)
    parser.add_argument("--rest", type=float, default=600.0, help="seconds that servers are left")
    chosen = parser.parse_args()
    archives = installation.build()
    with installation.node() as kube:
        installation.load(kube, archives)
        operator = next(path.stem for path in archives if path.stem.startswith("operator_"))
        installation.install(kube, operator)
        _measure(kube, chosen)
    return 0


def _measure(kube: Kube, chosen: argparse.Namespace) -> None:
    tell(time.strftime("%Y-%m-%d"))
    if chosen.what != "servers":
        clients.measure(kube, chosen.clients)
    if chosen.what != "clients":
        servers.measure(kube, chosen.servers, chosen.rest)


if __name__ == "__main__":
    sys.exit(main())
