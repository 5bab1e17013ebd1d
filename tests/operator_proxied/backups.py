"""Backups and restores without a kubelet: a run ends as it is told here, with its last line."""

import json

from tests.operator_faults.kubernetes_api import Api, Object, wait_until


OLD, NEW = "2026-01-01T00:00:00Z", "2026-06-01T00:00:00Z"
RUN = "main-backup-1"


def said(begun: str) -> str:
    """What a backup that began then says of itself; it is the oldest that is left."""
    told = {
        "event": "backed_up",
        "file_name": f"main-{begun[:10].replace('-', '')}.sql.gz",
        "begun_at": begun,
        "size": 1,
        "sha256": "0" * 64,
        "encrypted": False,
        "schema_revision": 1,
        "postgres_version": "15.1",
        "oldest_begun_at": begun,
        "verified": False,
    }
    return json.dumps(told)


def run_by_schedule(api: Api, namespace: str) -> None:
    """A Job as the controller of CronJobs makes one, when its time has come."""
    maker = api.get("CronJob", namespace, "main-backup")
    template = maker["spec"]["jobTemplate"]
    owner = {key: maker["metadata"][key] for key in ("name", "uid")}
    owner |= {"apiVersion": "batch/v1", "kind": "CronJob", "controller": True}
    metadata = {
        "name": RUN,
        "namespace": namespace,
        "labels": template["metadata"]["labels"],
        "ownerReferences": [owner],
    }
    spec = template["spec"]
    api.apply({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec})
    end(api, namespace, RUN, said(OLD))


RESTORED = json.dumps({"event": "restored", "replaced": "before", "revoked": "None"})
"""What the last step of a restore says."""


def end(api: Api, namespace: str, job: str, message: str, container: str = "main") -> None:
    """Let the pod of a Job succeed, whose last container says so."""
    pods: list[Object] = []

    def there() -> bool:
        pods[:] = api.select("Pod", namespace, f"job-name={job}")
        return bool(pods)

    wait_until(f"a pod of {job}", there)
    finished = {"exitCode": 0, "message": message, "startedAt": OLD, "finishedAt": NEW}
    told = {"name": container, "ready": False, "restartCount": 0, "image": "", "imageID": ""}
    status = {
        "phase": "Succeeded",
        "containerStatuses": [{**told, "state": {"terminated": finished}}],
    }
    for pod in pods:
        name = pod["metadata"]["name"]
        api.merge("Pod", namespace, name, {"status": status}, subresource="status")
