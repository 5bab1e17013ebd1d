"""CronJobs that are run by hand, as the operations guide says."""

import json

from tests.e2e.instance import Instance
from tests.e2e.kube import Object


def run_now(instance: Instance, cronjob: str) -> list[Object]:
    """Run one; every line that its Job wrote, the report last."""
    kube, place = instance.kube, instance.namespace
    kube.run("create", "job", "by-hand", f"--from=cronjob/{cronjob}", "-n", place)
    try:

        def over(job: Object) -> bool:
            return bool({"succeeded", "failed"} & job["status"].keys())

        done = kube.wait_for("job", "by-hand", place, over)
        log = kube.logs("job/by-hand", place)
        assert done["status"].get("succeeded") == 1, log
        return [json.loads(line) for line in log.splitlines()]
    finally:
        kube.delete("job", "by-hand", place, "--cascade=foreground")
