"""SIGKILL between any two side effects of a rotation of passwords: whatever is told works."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.operator_faults import lives, world as worlds
from tests.operator_faults.kubernetes_api import condition, is_ready
from tests.operator_faults.lives import Chapter
from tests.operator_faults.operators import Operator
from tests.operator_faults.world import World

from authly_operator import naming
from authly_operator.material import role_swap
from authly_operator.material.role_swap import Phase, Roles
from throwaway.postgres import signs_in


LANES = 9
URLS = ("DATABASE_URL", "OPERATOR_DATABASE_URL")
SECONDS = 300.0
"""For a swap: former roles are locked 45 seconds after the roll-out."""
log = logging.getLogger(__name__)


@dataclass
class Rotated:
    """A server whose passwords are rotated again and again."""

    world: World
    namespace: str
    swap: Roles = field(default_factory=Roles)
    """How it was before."""
    former: list[str] = field(default_factory=list)
    """The URLs of before."""

    def begin(self) -> None:
        self.world.database(self.namespace)
        self.world.api.apply(worlds.server(self.namespace))
        self.world.api.wait_for("AuthlyServer", self.namespace, "main", is_ready)

    def chapter(self, number: int) -> Chapter:
        return Chapter(
            "passwords",
            lambda: self.ask(number),
            self.is_over,
            self.check,
            seconds=SECONDS,
        )

    def ask(self, number: int) -> None:
        self.swap, self.former = self.roles(), self.urls()
        annotations = {naming.ROTATE_PASSWORDS_AT_ANNOTATION: f"request {number}"}
        patch = {"metadata": {"annotations": annotations}}
        self.world.api.merge("AuthlyServer", self.namespace, "main", patch)

    def roles(self) -> Roles:
        return role_swap.parse(self.credentials().get(role_swap.KEY))

    def credentials(self) -> dict[str, str]:
        return self.world.api.secret(self.namespace, "main-credentials")

    def urls(self) -> list[str]:
        credentials = self.credentials()
        return [credentials[key] for key in URLS]

    def is_over(self) -> bool:
        server = self.world.api.get("AuthlyServer", self.namespace, "main")
        told = condition(server, "PasswordsRotated").get("status") == "True"
        return self._is_swapped() and told and is_ready(server) and not self.locks()

    def _is_swapped(self) -> bool:
        roles = self.roles()
        return roles.phase is Phase.SETTLED and roles.current is self.swap.current.other

    def locks(self) -> list[str]:
        jobs = self.world.api.select("Job", self.namespace)
        names = [job["metadata"]["name"] for job in jobs]
        return [name for name in names if name.startswith("main-lock-")]

    def check(self) -> None:
        """What the Secret tells works at every moment, and in the end nothing else does."""
        assert all(map(signs_in, self.urls()))
        assert len(self.world.api.select("Deployment", self.namespace)) == 1
        assert len(self.locks()) <= 1
        if self._is_swapped():
            assert not any(map(signs_in, self.former))
        elif self.roles().phase is not Phase.SETTLED:
            assert all(map(signs_in, self.former)) or self.locks()


def test_a_rotation_of_passwords_survives_every_death_of_its_operator(world: World) -> None:
    servers: dict[str, Rotated] = {}

    def life(operator: Operator, number: int) -> Sequence[Chapter]:
        if operator.name not in servers:
            servers[operator.name] = Rotated(world, operator.name)
            servers[operator.name].begin()
        return (servers[operator.name].chapter(number),)

    names = [world.namespace("swap") for _ in range(LANES)]
    with worlds.shared(world):
        deaths = lives.tell_all(life, [world.operator(name) for name in names])
    log.info("deaths by chapter: %s", dict(deaths))
    assert deaths["passwords"] >= 10
