"""The deeds of a whole life: together they make an operator use each of its rights.

A new right needs a deed that makes use of it: a line in DEEDS.
"""

from typing import Any, Final

from tests.operator_faults import world as worlds
from tests.operator_faults.kubernetes_api import condition, custom, wait_until
from tests.operator_proxied import backups, leftovers
from tests.operator_proxied.stage import Deed, Stage

from authly_operator import naming


BUCKET = {"bucket": "backups", "credentialsSecretRef": {"name": "bucket"}}
EVERYTHING: dict[str, Any] = {
    "disruptionBudget": {"enabled": True},
    "autoscaling": {"min": 1, "max": 3, "cpu": 70},
    "ingress": {"enabled": True, "host": "login.example.com"},
    "gateway": {"parentRefs": [{"name": "public"}], "hostnames": ["login.example.com"]},
    "monitoring": {
        "serviceMonitor": {"enabled": True},
        "rules": {"enabled": True},
        "dashboard": {"enabled": True},
    },
    "backup": {"suspend": True, "destination": {"s3": BUCKET}},
}
"""Beside what each server has: a child of every kind that one server can have."""
GRANTS = {"grantTypes": ["client_credentials"]}
ROLES = "/apis/rbac.authorization.k8s.io/v1/namespaces"
CLAIM = "data-sized-database-0"


def create_everything(stage: Stage) -> None:
    stage.world.database(stage.home)
    stage.server(**EVERYTHING)


def server_is_ready(stage: Stage) -> bool:
    return stage.ready("AuthlyServer", stage.home, "main")()


def register(stage: Stage) -> None:
    stage.registration("AuthlyScope", name="orders")
    stage.registration("AuthlyClient", scopes=["orders"], **GRANTS)


def both_are_ready(stage: Stage) -> bool:
    kinds = ("AuthlyScope", "AuthlyClient")
    return all(stage.ready(kind, stage.apps, "shop")() for kind in kinds)


def take_labels(stage: Stage) -> None:
    """Somebody takes the mark of the operator from every child, with what it asks for."""
    for child in stage.children():
        metadata = child["metadata"]
        patch = {"metadata": {"labels": {naming.MANAGED_BY_LABEL: None}}}
        stage.world.api.merge(child["kind"], stage.home, metadata["name"], patch)


def labels_are_back(stage: Stage) -> bool:
    marked = naming.FIELD_MANAGER
    return all(
        child["metadata"]["labels"].get(naming.MANAGED_BY_LABEL) == marked
        for child in stage.children()
    )


def leave_something_over(stage: Stage) -> None:
    """A child of each kind, as an operator of another version had made it."""
    for manifest in leftovers.manifests(stage.home):
        leftovers.write(stage.world.api, manifest)


def nothing_is_left_over(stage: Stage) -> bool:
    return all(
        stage.gone(one["kind"], stage.home, one["metadata"]["name"])()
        for one in leftovers.manifests(stage.home)
    )


def rotate_keys(stage: Stage) -> None:
    now = "2026-01-01T00:00:00Z"
    patch = {"metadata": {"annotations": {"authly.dev/rotate-at": now}}}
    stage.world.api.merge("AuthlyServer", stage.home, "main", patch)


def another_key_is_published(stage: Stage) -> bool:
    found = stage.world.api.get("AuthlyServer", stage.home, "main")
    states = [key["state"] for key in found["status"]["signingKeys"]]
    return "Published" in states


def move_the_secret(stage: Stage) -> None:
    stage.registration(
        "AuthlyClient", scopes=["orders"], secretTemplate={"name": "moved"}, **GRANTS
    )


def secret_is_moved(stage: Stage) -> bool:
    is_gone = stage.gone("Secret", stage.apps, "shop-oauth")()
    return is_gone and stage.world.api.find("Secret", stage.apps, "moved") is not None


def choose_namespaces(stage: Stage) -> None:
    """From now on clients are admitted by the labels of their namespace."""
    labels = {"kubernetes.io/metadata.name": stage.apps}
    admitted = {"namespaces": {"from": "Selector", "matchLabels": labels}}
    stage.server(**EVERYTHING, allowedClients=admitted)


def server_and_both_are_ready(stage: Stage) -> bool:
    return server_is_ready(stage) and both_are_ready(stage)


def make_databases(stage: Stage) -> None:
    """A managed database, whose volume is there already, and a Cluster."""
    leftovers.write_volume(stage.world.api, f"{stage.home}-grows")
    size_database(stage, "1Gi")
    template = {"template": {"instances": 1, "storage": {"size": "1Gi"}}}
    stage.another_server("clustered", database={"cloudNativePG": template})


def size_database(stage: Stage, size: str) -> None:
    storage = {"size": size, "className": f"{stage.home}-grows"}
    stage.another_server("sized", database={"managed": {"storage": storage}}, redis={"managed": {}})


def databases_are_made(stage: Stage) -> bool:
    claim = stage.world.api.find("PersistentVolumeClaim", stage.home, CLAIM)
    is_bound = claim is not None and bool(claim["status"].get("capacity"))
    return is_bound and not stage.gone("Cluster", stage.home, "clustered-database")()


def claim_has_grown(stage: Stage) -> bool:
    claim = stage.world.api.get("PersistentVolumeClaim", stage.home, CLAIM)
    return bool(claim["spec"]["resources"]["requests"]["storage"] == "2Gi")


def edit_the_cluster(stage: Stage) -> None:
    patch = {"spec": {"instances": 2}}
    stage.world.api.merge("Cluster", stage.home, "clustered-database", patch)


def cluster_is_put_back(stage: Stage) -> bool:
    found = stage.world.api.get("Cluster", stage.home, "clustered-database")
    return bool(found["spec"]["instances"] == 1)


def break_a_spec(stage: Stage) -> None:
    """An edit that cannot be done is told by an event."""
    stage.server(**EVERYTHING, bootstrapAdmin={"secretRef": {"name": "nowhere"}})


def breakage_is_told(stage: Stage) -> bool:
    found = stage.world.api.get("AuthlyServer", stage.home, "main")
    return condition(found).get("reason") == "ReferenceMissing"


def keep_the_client(stage: Stage) -> None:
    """A client that goes, and leaves registration and Secret behind."""
    stage.registration(
        "AuthlyClient", secretTemplate={"name": "moved"}, deletionPolicy="Orphan", **GRANTS
    )
    wait_until("Orphan", stage.ready("AuthlyClient", stage.apps, "shop"))
    stage.world.api.delete("AuthlyClient", stage.apps, "shop")


def client_is_gone_and_its_secret_kept(stage: Stage) -> bool:
    kept = stage.world.api.find("Secret", stage.apps, "moved")
    is_gone = stage.gone("AuthlyClient", stage.apps, "shop")()
    return is_gone and kept is not None and "ownerReferences" not in kept["metadata"]


def back_up_by_schedule(stage: Stage) -> None:
    backups.run_by_schedule(stage.world.api, stage.home)


def run_is_recorded(stage: Stage) -> bool:
    return backup_phase(stage, backups.RUN) == "Succeeded"


def back_up_on_demand(stage: Stage) -> None:
    """A backup that lets the one before go."""
    wanted = {"serverRef": {"name": "main"}}
    stage.world.api.apply(custom("AuthlyBackup", stage.home, "asked", wanted))
    wait_until("a Job", lambda: bool(asked_job(stage)))
    message = backups.said(backups.NEW)
    backups.end(stage.world.api, stage.home, asked_job(stage), message)


def asked_job(stage: Stage, kind: str = "AuthlyBackup") -> str:
    found = stage.world.api.get(kind, stage.home, "asked")
    return str((found.get("status") or {}).get("job") or "")


def restore(stage: Stage) -> None:
    """The backup that was asked for comes back."""
    wanted = {
        "serverRef": {"name": "main"},
        "source": {"backupRef": {"name": "asked"}},
        "acknowledgeDataLoss": True,
    }
    stage.world.api.apply(custom("AuthlyRestore", stage.home, "asked", wanted))
    wait_until("a Job", lambda: bool(asked_job(stage, "AuthlyRestore")))
    job = asked_job(stage, "AuthlyRestore")
    backups.end(stage.world.api, stage.home, job, backups.RESTORED, "swap")


def restored_server_is_ready(stage: Stage) -> bool:
    found = stage.world.api.get("AuthlyRestore", stage.home, "asked")
    is_over = (found.get("status") or {}).get("phase") == "Succeeded"
    return is_over and "finalizers" not in found["metadata"] and server_is_ready(stage)


def backup_phase(stage: Stage, name: str) -> str:
    found = stage.world.api.find("AuthlyBackup", stage.home, name) or {}
    return str((found.get("status") or {}).get("phase"))


def record_is_forgotten(stage: Stage) -> bool:
    is_gone = stage.gone("AuthlyBackup", stage.home, backups.RUN)()
    return is_gone and backup_phase(stage, "asked") == "Succeeded"


def refer_elsewhere(stage: Stage) -> None:
    """A client of a server in a namespace that a release may not be about."""
    reference = {"serverRef": {"name": "main", "namespace": stage.elsewhere}}
    stage.world.api.apply(worlds.server(stage.elsewhere, replicas=0))
    stage.world.api.apply(custom("AuthlyClient", stage.apps, "lost", {**reference, **GRANTS}))


def reference_is_judged(stage: Stage) -> bool:
    found = stage.world.api.get("AuthlyClient", stage.apps, "lost")
    return bool(condition(found))


def end_the_namespace(stage: Stage) -> None:
    """A namespace goes with all that has to be released, and the rights there go before that."""
    wanted = {
        "serverRef": {"name": "main"},
        "source": {"backupRef": {"name": "asked"}},
        "acknowledgeDataLoss": True,
    }
    half_way = custom("AuthlyRestore", stage.apps, "half-way", wanted)
    half_way["metadata"]["finalizers"] = [naming.FINALIZER]
    stage.world.api.apply(half_way)
    stage.world.api.http.delete(f"{ROLES}/{stage.apps}/roles/authly-operator")
    stage.world.api.delete("Namespace", None, stage.apps)


def namespace_is_gone(stage: Stage) -> bool:
    return stage.gone("Namespace", None, stage.apps)()


def delete_scope(stage: Stage) -> None:
    stage.world.api.delete("AuthlyScope", stage.apps, "shop")


def scope_is_gone(stage: Stage) -> bool:
    return stage.gone("AuthlyScope", stage.apps, "shop")()


def delete_servers(stage: Stage) -> None:
    for name in ("main", "sized", "clustered"):
        stage.world.api.delete("AuthlyServer", stage.home, name)


def servers_are_gone(stage: Stage) -> bool:
    return stage.gone("AuthlyServer", stage.home, "main")()


DEEDS: Final = (
    Deed("a server with children of all kinds", create_everything, server_is_ready),
    Deed("a scope and a client", register, both_are_ready),
    Deed("every child loses its labels", take_labels, labels_are_back),
    Deed("children of another version", leave_something_over, nothing_is_left_over),
    Deed("a key is rotated", rotate_keys, another_key_is_published),
    Deed("the Secret of a client gets another name", move_the_secret, secret_is_moved),
    Deed("namespaces are chosen by labels", choose_namespaces, server_and_both_are_ready),
    Deed("databases that the operator makes", make_databases, databases_are_made),
    Deed("a volume grows", lambda stage: size_database(stage, "2Gi"), claim_has_grown),
    Deed("a Cluster is edited by hand", edit_the_cluster, cluster_is_put_back),
    Deed("a backup by schedule", back_up_by_schedule, run_is_recorded),
    Deed("a backup that is asked for", back_up_on_demand, record_is_forgotten),
    Deed("a backup comes back", restore, restored_server_is_ready),
    Deed("a reference leads nowhere", break_a_spec, breakage_is_told),
    Deed("the reference is taken back", choose_namespaces, server_and_both_are_ready),
    Deed("a client goes", keep_the_client, client_is_gone_and_its_secret_kept),
    Deed("a scope goes", delete_scope, scope_is_gone),
    Deed("a server elsewhere", refer_elsewhere, reference_is_judged),
    Deed("a scope and a client again", register, both_are_ready),
)
END: Final = (
    Deed("a namespace goes", end_the_namespace, namespace_is_gone),
    Deed("servers go", delete_servers, servers_are_gone),
)
"""The rights in `apps` go in the first of these."""
