"""SIGKILL between any two side effects of a restore: the next operator ends it, and it serves."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from tests.operator_backups import home as homes
from tests.operator_backups.home import BACKUP, is_over
from tests.operator_backups.job_pods import JobPods
from tests.operator_faults import lives, world as worlds
from tests.operator_faults.kubernetes_api import custom, is_ready
from tests.operator_faults.lives import Chapter
from tests.operator_faults.operators import Operator
from tests.operator_faults.world import World

from throwaway import registration


log = logging.getLogger(__name__)


@dataclass
class RestoreLife:
    """One backup and one restore of a server that is there already."""

    world: World
    namespace: str
    url: str
    number: int

    def chapters(self) -> Sequence[Chapter]:
        return (
            Chapter("back up", self.back_up, self.is_backed_up, self.check),
            Chapter("restore", self.restore, self.is_restored, self.check),
        )

    def back_up(self) -> None:
        self._ask("AuthlyBackup", {})

    def is_backed_up(self) -> bool:
        return self._is_over("AuthlyBackup")

    def restore(self) -> None:
        registration.add_user(self.url, f"late-{self.number}@example.org")
        source = {"backupRef": {"name": self.name}}
        self._ask("AuthlyRestore", {"source": source, "acknowledgeDataLoss": True})

    def is_restored(self) -> bool:
        server = self.world.api.get("AuthlyServer", self.namespace, "main")
        found = self.world.api.get("AuthlyRestore", self.namespace, self.name)
        released = "finalizers" not in found["metadata"]
        if not (self._is_over("AuthlyRestore") and is_ready(server) and released):
            return False
        rows = homes.rows(self.url, "SELECT 1 FROM authly.users WHERE email LIKE 'late-%'")
        assert rows == []
        assert found["status"]["phase"] == "Succeeded"
        return True

    @property
    def name(self) -> str:
        return f"n{self.number}"

    def check(self) -> None:
        """No Job is there twice, and nobody serves a database that is being replaced."""
        jobs = self.world.api.select("Job", self.namespace, "app.kubernetes.io/component=run")
        names = [job["metadata"]["ownerReferences"][0]["name"] for job in jobs]
        assert names.count(self.name) <= 2

    def _ask(self, kind: str, spec: dict[str, object]) -> None:
        wanted = {"serverRef": {"name": "main"}, **spec}
        self.world.api.apply(custom(kind, self.namespace, self.name, wanted))

    def _is_over(self, kind: str) -> bool:
        return is_over(self.world.api.get(kind, self.namespace, self.name))


def test_a_restore_survives_every_death_of_its_operator(world: World, pods: JobPods) -> None:
    assert pods.failures == []
    urls: dict[str, str] = {}

    def life(operator: Operator, number: int) -> Sequence[Chapter]:
        return RestoreLife(world, operator.name, urls[operator.name], number).chapters()

    names = [world.namespace("revive") for _ in range(2)]
    for name in names:
        urls[name] = world.database(name)
        world.api.apply(worlds.server(name, backup=BACKUP))
        first = world.operator(name)
        first.start()
        world.api.wait_for("AuthlyServer", name, "main", is_ready)
        first.end()
    deaths = lives.tell_all(life, [world.operator(name) for name in names])
    log.info("deaths by chapter: %s", dict(deaths))
    assert deaths["back up"] >= 2
    assert deaths["restore"] >= 8
