"""SIGKILL between any two side effects: the next operator ends the story, and nothing is lost."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.operator_faults import lives, world as worlds
from tests.operator_faults.kubernetes_api import Object, condition, is_ready
from tests.operator_faults.lives import Chapter
from tests.operator_faults.operators import Operator
from tests.operator_faults.world import World

from authly_operator import naming


LANES = 4
RETAINED = ("main-credentials", "main-signing-keys")
log = logging.getLogger(__name__)


@dataclass
class ServerLife:
    """One AuthlyServer in a namespace of its own, and what it may never lose."""

    world: World
    namespace: str
    number: int
    kept: dict[str, dict[str, str]] = field(default_factory=dict)
    """Data of its Secrets when they were seen first."""

    def chapters(self) -> Sequence[Chapter]:
        return (
            Chapter("create", self.create, self.is_there, self.check),
            Chapter("image", self.change_image, self.is_there, self.check, is_optional=True),
            Chapter("lifetime", self.change_lifetime, self.is_there, self.check, is_optional=True),
            Chapter("rotate", self.rotate, self.is_rotated, self.check_ring, is_optional=True),
            Chapter("delete", self.delete, self.is_gone, self.check_deleted),
        )

    @property
    def server(self) -> Object:
        return self.world.api.get("AuthlyServer", self.namespace, "main")

    def create(self) -> None:
        self.world.api.apply(worlds.server(self.namespace, image={"tag": "1"}))

    def change_image(self) -> None:
        self.world.api.apply(worlds.server(self.namespace, image={"tag": "2"}))

    def change_lifetime(self) -> None:
        tokens = {"accessTokenTTL": "7m"}
        self.world.api.apply(worlds.server(self.namespace, image={"tag": "2"}, tokens=tokens))

    def rotate(self) -> None:
        now = datetime.now(UTC).isoformat()  # noqa: TID251 - people read clocks
        annotations = {naming.ROTATE_AT_ANNOTATION: now}
        patch = {"metadata": {"annotations": annotations}}
        self.world.api.merge("AuthlyServer", self.namespace, "main", patch)

    def delete(self) -> None:
        self.world.api.delete("AuthlyServer", self.namespace, "main")

    def is_there(self) -> bool:
        """Whether it is Ready as it is specified, and nothing moves any more."""
        server = self.server
        rests = condition(server, "Progressing").get("status") == "False"
        tag = server["spec"]["image"]["tag"]
        return rests and is_ready(server) and server["status"]["image"].endswith(f":{tag}")

    def is_rotated(self) -> bool:
        states = [key["state"] for key in self.server["status"]["signingKeys"]]
        return self.is_there() and sorted(states) == ["Active"] * 2 + ["Published"] * 2

    def is_gone(self) -> bool:
        left = (self.select(kind) for kind in ("AuthlyServer", "Deployment", "Job", "Service"))
        return not any(left)

    def select(self, kind: str) -> list[Object]:
        return self.world.api.select(kind, self.namespace)

    def check(self) -> None:
        """Secrets are as they were, no child is there twice, and Ready tells the truth."""
        self._check_secret("main-credentials")
        self._check_secret("main-signing-keys")
        assert [one["metadata"]["name"] for one in self.select("Deployment")] in ([], ["main"])
        assert len(self.select("Job")) <= 2
        found = self.world.api.find("AuthlyServer", self.namespace, "main")
        if found is not None and is_ready(found):
            self._check_truth(found)

    def _check_secret(self, name: str) -> None:
        data = self.world.api.secret(self.namespace, name)
        kept = self.kept.setdefault(name, data) if data else self.kept.get(name, {})
        assert data == kept

    def _check_truth(self, server: Object) -> None:
        deployment = self.world.api.get("Deployment", self.namespace, "main")
        assert deployment["status"]["availableReplicas"] >= 1
        if condition(server, "Progressing")["status"] == "False":
            (container,) = deployment["spec"]["template"]["spec"]["containers"]
            assert container["image"].endswith(server["spec"]["image"]["tag"])
            assert deployment["status"]["updatedReplicas"] == 1
            succeeded = [job for job in self.select("Job") if job["status"].get("succeeded")]
            assert len(succeeded) == 1

    def check_ring(self) -> None:
        """Credentials are as they were, no key is lost, and none is drawn twice."""
        self._check_secret("main-credentials")
        ring = self.world.api.secret(self.namespace, "main-signing-keys")["keyring.json"]
        before = self.kept["main-signing-keys"]["keyring.json"]
        kids, were = _kids(ring), _kids(before)
        assert set(were) <= set(kids)
        assert len(kids) in {len(were), 2 * len(were)}

    def check_deleted(self) -> None:
        """What is retained is as it was."""
        self._check_secret("main-credentials")


def _kids(ring: str) -> list[str]:
    document: dict[str, Any] = worlds.parsed(ring)
    return [key["kid"] for key in document["keys"]]


def test_an_authly_server_survives_every_death_of_its_operator(world: World) -> None:
    def life(operator: Operator, number: int) -> Sequence[Chapter]:
        for name in RETAINED:
            world.api.delete("Secret", operator.name, name)
        world.database(operator.name)
        return ServerLife(world, operator.name, number).chapters()

    names = [world.namespace("lane") for _ in range(LANES)]
    with worlds.shared(world):
        deaths = lives.tell_all(life, [world.operator(name) for name in names])
    log.info("deaths by chapter: %s", dict(deaths))
    assert deaths["create"] >= 20
    assert deaths["image"] >= 6
    assert deaths["lifetime"] >= 4
    assert deaths["rotate"] >= 3
