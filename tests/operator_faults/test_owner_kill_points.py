"""SIGKILL between any two side effects by which the owner of a managed database changes passwords.

What comes before, the swap of the other roles, is died in by `test_password_kill_points`.
"""

import contextlib
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

from tests.operator_faults import lives, world as worlds
from tests.operator_faults.kubernetes_api import condition, is_ready, wait_until
from tests.operator_faults.lives import Chapter
from tests.operator_faults.managed_database import ManagedDatabase, running
from tests.operator_faults.operators import Operator
from tests.operator_faults.world import World

from authly_operator import naming
from authly_operator.material import owner_passwords, role_swap
from authly_operator.material.role_swap import Phase
from authly_server.storage import owner as owners
from throwaway.nursery import Nursery
from throwaway.postgres import signs_in


LANES = 8
SECONDS = 300.0
"""For the end of a swap: former roles are locked 45 seconds after the roll-out."""
MAIN = "MIGRATION_DATABASE_URL"
ALL = (MAIN, owner_passwords.COMING_URL, owner_passwords.FORMER_URL)
log = logging.getLogger(__name__)


@dataclass
class Owned:
    """A server whose database has an owner that gets one password after the other."""

    world: World
    database: ManagedDatabase
    former: str = ""
    """The owner's URL of before; empty where the server is yet to be made."""

    @property
    def namespace(self) -> str:
        return self.database.namespace

    def begin(self) -> None:
        self.world.api.apply(worlds.server(self.namespace, database={"managed": {}}))
        self.world.api.wait_for("AuthlyServer", self.namespace, "main", is_ready, SECONDS)

    def chapter(self, operator: Operator, number: int) -> Chapter:
        """What is left of a rotation once nothing moves but time: the former roles are used yet."""
        if not self.former:
            self.begin()
        self.former = self.database.reached(self.credentials()[MAIN])
        annotations = {naming.ROTATE_PASSWORDS_AT_ANNOTATION: f"request {number}"}
        patch = {"metadata": {"annotations": annotations}}
        self.world.api.merge("AuthlyServer", self.namespace, "main", patch)
        wait_until("a roll-out by the other roles", lambda: self.is_waiting(operator), SECONDS)
        return Chapter("owner", lambda: None, self.is_over, self.check, seconds=SECONDS)

    def is_waiting(self, operator: Operator) -> bool:
        server = self.world.api.get("AuthlyServer", self.namespace, "main")
        rests = condition(server, "Progressing").get("status") == "False"
        if self.phase() is not Phase.RETIRING or not rests or not is_ready(server):
            return False
        before = operator.effects
        time.sleep(lives.QUIET_SECONDS)
        return operator.effects == before

    def phase(self) -> Phase:
        return role_swap.parse(self.credentials().get(role_swap.KEY)).phase

    def credentials(self) -> dict[str, str]:
        return self.world.api.secret(self.namespace, "main-credentials")

    def urls(self) -> list[str]:
        """What a Job that starts now is given."""
        credentials = self.credentials()
        return [self.database.reached(credentials[key]) for key in ALL if key in credentials]

    def is_over(self) -> bool:
        server = self.world.api.get("AuthlyServer", self.namespace, "main")
        rests = condition(server, "Progressing").get("status") == "False"
        told = condition(server, "PasswordsRotated").get("status") == "True"
        return rests and told and is_ready(server) and self._is_changed()

    def _is_changed(self) -> bool:
        left = set(owner_passwords.KEYS) & self.credentials().keys()
        return self.phase() is Phase.SETTLED and not left

    def check(self) -> None:
        """A Job that starts now signs in, whatever came; in the end by the new password alone."""
        assert signs_in(owners.usable(*self.urls()))
        assert self.database.started == 1
        if self._is_changed():
            (url,) = self.urls()
            assert url != self.former
            assert signs_in(url)
            assert not signs_in(self.former)


def test_the_owner_gets_another_password_whenever_the_operator_dies(
    world: World, forks: Nursery
) -> None:
    servers: dict[str, Owned] = {}

    def life(operator: Operator, number: int) -> Sequence[Chapter]:
        return (servers[operator.name].chapter(operator, number),)

    with contextlib.ExitStack() as stack, worlds.shared(world):
        operators = []
        for name in [world.namespace("owner") for _ in range(LANES)]:
            database = stack.enter_context(running(name, forks))
            world.kubelet.databases[name] = database
            servers[name] = Owned(world, database)
            operators.append(world.operator(name, PGHOSTADDR=database.address))
        deaths = lives.tell_all(life, operators)
    log.info("deaths by chapter: %s", dict(deaths))
    assert deaths["owner"] >= 6
