"""NetworkPolicies that block: kube-router's firewall alone, for as long as somebody wants it.

Without it the API server accepts policies, and every packet passes. A policy of a pod is in force
some seconds after the pod has its address.
"""

from cluster import (
    binaries,
    components,
    health,
    layout,
    namespace,
    packages,
    processes,
    programs,
    settings,
)


HEALTHY = f"http://127.0.0.1:{components.ENFORCER_PORT}/healthz"
GRACE_SECONDS = 5.0
CHAINS = ("KUBE-ROUTER-", "KUBE-POD-FW-", "KUBE-NWPLCY-")
"""How its chains begin. Its own clean-up needs what only its other tasks make."""


def begin(place: layout.Layout) -> None:
    """Enforce from now on; where that is done already, nothing happens.

    Raises:
        refusal.Refusal: the cluster has no node, or the program cannot be had or does not start.
    """
    settings.get_node(place)
    packages.ensure(packages.ENFORCER)
    built = components.enforcer(place, binaries.ensure(binaries.ENFORCER))
    component = components.on_node(place, built)
    if processes.find(place.processes, component.name) is None:
        log = place.logs / f"{component.name}.log"
        processes.start(place.processes, component.name, component.argv, log, place.root)

    def ready() -> bool:
        return health.answers_inside(place, HEALTHY)

    health.wait(place, (component.name,), "the enforcer of NetworkPolicies", ready)


def end(place: layout.Layout) -> None:
    """Let every packet pass again.

    Raises:
        refusal.Refusal: the cluster has no node, or its rules cannot be removed.
    """
    settings.get_node(place)
    pid = processes.find(place.processes, components.ENFORCER)
    processes.stop([pid] if pid else [], GRACE_SECONDS)
    processes.forget(place.processes, components.ENFORCER)
    inside = namespace.enter(place)
    rules = programs.run(*inside, "iptables-save", "-t", "filter")
    programs.run(*inside, "iptables-restore", text=without(rules))


def without(rules: str) -> str:
    """What iptables-save printed, without the chains of the enforcer and the jumps to them."""
    lines = rules.splitlines(keepends=True)
    return "".join(line for line in lines if not any(chain in line for chain in CHAINS))
