"""Whether anything was written: uid and version of every object, and a database's own counters."""

import time
from typing import Final

from tests.e2e.instance import Instance
from tests.e2e.kube import Kube, Object


SETTLED_SECONDS: Final = 12.0
KUBERNETES_OWN: Final = frozenset({"leases", "nodes"})
"""Heartbeats: of the operator that leads, of the kubelet, of the API server."""
COUNTERS: Final = """
SELECT json_build_object(
    'inserted', sum(n_tup_ins), 'updated', sum(n_tup_upd), 'deleted', sum(n_tup_del)
) FROM pg_stat_user_tables
"""
"""Rows of PostgreSQL's own catalogue are left out: autovacuum keeps its statistics there."""
State = dict[str, str]


def resources(kube: Kube) -> list[str]:
    """Everything that the API server can list, as kubectl names it."""
    listed = kube.run("api-resources", "--verbs=list", "-o", "name").split()
    return [name for name in listed if name.partition(".")[0] not in KUBERNETES_OWN]


def state(kube: Kube, kinds: list[str]) -> State:
    """uid and resourceVersion of every object of every namespace."""
    return {
        f"{each['apiVersion']} {each['kind']} {place(each['metadata'])}": "/".join(
            (each["metadata"]["uid"], each["metadata"]["resourceVersion"])
        )
        for each in kube.select(",".join(kinds))
        if "uid" in each["metadata"]  # statuses of components are computed, and are no objects
    }


def place(metadata: Object) -> str:
    """Namespace and name."""
    return f"{metadata.get('namespace', '')}/{metadata['name']}"


def differences(before: State, after: State) -> list[str]:
    """What came, went or changed."""
    keys = sorted(before.keys() | after.keys())
    return [key for key in keys if before.get(key) != after.get(key)]


def nothing_is_going(kube: Kube) -> bool:
    """Whether the namespaces of other tests are gone, whose ends nobody has waited for."""
    return not any("deletionTimestamp" in each["metadata"] for each in kube.select("namespaces"))


def wait_settled(kube: Kube, kinds: list[str]) -> State:
    """Wait until nothing has changed for a while; the state then."""
    kube.wait_until("the end of other namespaces", lambda: nothing_is_going(kube), 180)
    last, since = state(kube, kinds), time.monotonic()

    def is_settled() -> bool:
        nonlocal last, since
        now = state(kube, kinds)
        if now != last:
            last, since = now, time.monotonic()
        return time.monotonic() - since > SETTLED_SECONDS

    kube.wait_until("an idle cluster", is_settled, 180)
    return last


def counters(instance: Instance) -> str:
    """How many rows were ever written in the database's tables."""
    pod = f"{instance.name}-database-0"
    command = 'psql -X -A -t -U "$POSTGRES_USER" -d "$POSTGRES_DB" -c "$0"'
    return instance.kube.run(
        "exec", "-n", instance.namespace, pod, "--", "sh", "-c", command, COUNTERS
    ).strip()
