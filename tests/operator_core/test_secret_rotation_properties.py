"""Whatever happens in whatever order, and wherever the operator dies, nobody is cut off early."""

import dataclasses
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import given, strategies as st

from authly_operator import naming
from authly_operator.api import authly_client, authly_server
from authly_operator.material import client_secret, secret_rotation
from authly_operator.observed import Identity, SecretData, ServerView
from authly_operator.observed_clients import ClientObserved, SecretSeen
from authly_operator.observed_secrets import KnownSecret


OVERLAP = timedelta(hours=24)
START = datetime(2026, 1, 1, tzinfo=UTC)
SPEC = authly_client.Spec.model_validate(
    {
        "serverRef": {"name": "main"},
        "grantTypes": ["client_credentials"],
        "rotation": {"interval": "100h", "overlap": "24h"},
    }
)
SERVER = ServerView(
    identity=Identity(name="main", namespace="auth", uid="s", generation=1),
    spec=authly_server.Spec.model_validate(
        {"issuer": "https://auth.example.com", "database": {"managed": {}}}
    ),
    ready=True,
    database_ready=True,
)
SECRET, ROW, BEGUN, ALL = range(1, 5)
"""How far the operator comes before it dies."""


@dataclass
class World:
    """A Secret, the rows of the database and its clock, and what pods may still hold."""

    now: datetime = START
    text: str = ""
    mark: str = ""
    asked: str = ""
    known: tuple[KnownSecret, ...] = ()
    drawn: int = 0
    replaced: dict[str, datetime] = field(default_factory=dict)
    """When the Secret held something for the last time."""

    def seen(self) -> ClientObserved:
        asked = {naming.ROTATE_AT_ANNOTATION: self.asked} if self.asked else {}
        mark = {naming.ROTATED_FOR_ANNOTATION: self.mark} if self.mark else {}
        held = SecretSeen(
            data=SecretData({"client_secret": self.text}), owner_uid="c", annotations=mark
        )
        identity = Identity(name="shop", namespace="auth", uid="c", generation=1, annotations=asked)
        return ClientObserved(
            identity=identity,
            server=SERVER,
            secret=held if self.text else None,
            secrets=tuple(dataclasses.replace(one, observed_at=self.now) for one in self.known),
        )

    def hold(self, text: str) -> None:
        if self.text and self.text != text:
            self.replaced[self.text] = self.now
        self.text = text
        self.replaced.pop(text, None)

    def takes(self, text: str) -> bool:
        return client_secret.digest(text) in {one.digest for one in self.known}

    def look(self, steps: int) -> None:
        """The operator's pass as reconcile/client.py and rotating.py order it."""
        seen, self.drawn = self.seen(), self.drawn + 1
        text = secret_rotation.draw(SPEC, seen, self.drawn.to_bytes(32, "big"))
        assert text is not None
        self.mark = secret_rotation.mark(seen, replaces=text != self.text)
        self.hold(text)
        if steps >= ROW:
            self.register(secret_rotation.digests(text, self.known))
        if steps >= BEGUN:
            self.begin()
        if steps >= ALL:
            policy, (current, *former) = secret_rotation.rotation(SPEC), self.seen().secrets
            left = [one for one in former if not secret_rotation.is_over(policy, one)]
            self.register(tuple(one.digest for one in (current, *left)))

    def register(self, digests: tuple[str, ...]) -> None:
        before = {one.digest: one for one in self.known}
        new = [
            before.get(each)
            or KnownSecret(name=each[:8], digest=each, created_at=self.now, observed_at=self.now)
            for each in digests
        ]
        self.known = (dataclasses.replace(new[0], retiring_since=None), *new[1:])

    def begin(self) -> None:
        current, *former = self.known
        begun = [
            dataclasses.replace(one, retiring_since=one.retiring_since or self.now)
            for one in former
        ]
        self.known = (current, *begun)


EVENTS: st.SearchStrategy[tuple[str, int]] = st.one_of(
    st.tuples(st.just("look"), st.integers(SECRET, ALL)),
    st.tuples(st.just("edit"), st.integers(0, 3)),
    st.tuples(st.just("ask"), st.integers(0, 3)),
    st.tuples(st.just("lapse"), st.integers(1, 60)),
)


def happen(world: World, kind: str, number: int) -> None:
    match kind:
        case "look":
            world.look(number)
        case "edit":
            world.hold(f"edited {number}")
        case "ask":
            world.asked = f"request {number}"
        case _:
            world.now += timedelta(hours=number)


@given(st.lists(EVENTS, max_size=30))
def test_whoever_has_a_secret_keeps_it_for_the_overlap_wherever_the_operator_dies(
    events: list[tuple[str, int]],
) -> None:
    world = World()
    world.look(ALL)
    once_taken = {world.text}
    for kind, number in events:
        happen(world, kind, number)
        assert len(world.known) <= secret_rotation.MOST
        once_taken |= {world.text} if world.takes(world.text) else set()
        for text, since in world.replaced.items():
            newer = [other for other, at in world.replaced.items() if at > since]
            pushed_out = len(newer) + 1 >= secret_rotation.MOST
            if text in once_taken and world.now < since + OVERLAP and not pushed_out:
                assert world.takes(text), f"{text} was cut off"


@given(st.lists(EVENTS, max_size=30))
def test_a_pass_that_ends_leaves_what_the_secret_holds_valid_and_days_later_that_alone(
    events: list[tuple[str, int]],
) -> None:
    world = World()
    for kind, number in events:
        happen(world, kind, number)
    world.look(ALL)
    assert world.takes(world.text)
    assert client_secret.digest(world.text) == world.known[0].digest
    counts = []
    for _ in range(4):  # a request that waits, and the interval, may each begin one rotation more
        world.now += OVERLAP
        world.look(ALL)
        assert world.takes(world.text)
        counts.append(len(world.known))
    assert 1 in counts
