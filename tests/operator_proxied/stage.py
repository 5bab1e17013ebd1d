"""Where the deeds of a life happen, and what one of them is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.operator_faults import world as worlds
from tests.operator_faults.kubernetes_api import Object, custom, is_ready
from tests.operator_faults.world import World

from authly_operator import naming
from authly_operator.cluster import resources


@dataclass(frozen=True)
class Stage:
    """Where it all happens: a server in `home`, its clients in `apps`."""

    world: World
    home: str
    apps: str
    elsewhere: str

    def server(self, **spec: Any) -> None:
        self.world.api.apply(worlds.server(self.home, **spec))

    def another_server(self, name: str, **spec: Any) -> None:
        wanted = {"issuer": f"https://{name}.example.com", **spec}
        self.world.api.apply(custom("AuthlyServer", self.home, name, wanted))

    def registration(self, kind: str, **spec: Any) -> None:
        reference = {"serverRef": {"name": "main", "namespace": self.home}}
        self.world.api.apply(custom(kind, self.apps, "shop", {**reference, **spec}))

    def ready(self, kind: str, namespace: str, name: str) -> Callable[[], bool]:
        def holds() -> bool:
            found = self.world.api.find(kind, namespace, name)
            return found is not None and is_ready(found)

        return holds

    def gone(self, kind: str, namespace: str | None, name: str) -> Callable[[], bool]:
        return lambda: self.world.api.find(kind, namespace, name) is None

    def children(self) -> list[Object]:
        """Every child of the server `main`."""
        chosen = f"{naming.INSTANCE_LABEL}=main"
        kinds = [one.kind for one in (*resources.CHILDREN, *resources.OPTIONAL)]
        return [one for kind in kinds for one in self.world.api.select(kind, self.home, chosen)]


@dataclass(frozen=True)
class Deed:
    """What somebody does, and what has come of it when it is over."""

    title: str
    act: Callable[[Stage], None]
    is_over: Callable[[Stage], bool]
