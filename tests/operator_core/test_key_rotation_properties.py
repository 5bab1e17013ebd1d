"""Whatever is edited and lost at whatever times: who verifies tokens never meets an unknown key."""

import dataclasses
import functools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from authly_operator import entropy
from authly_operator.api import policy
from authly_operator.material import keyring, rotation, signing_key
from authly_operator.material.keyring import Ring
from authly_operator.material.rotation import Wish
from authly_operator.material.signing_key import SigningKey, State


START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
JWKS_CACHED = timedelta(seconds=300)
"""The server's Cache-Control of /jwks."""
KUBELET = timedelta(minutes=2)
"""How long a replica may go on with the ring of before."""
ALGORITHMS = ("ES256", "EdDSA", "RS256")
ORDINARY = st.sampled_from([1, 59, 299, 421, 599, 601, 3599, 86_401, 86_999, 87_001, 700_000])


@functools.cache
def rsa_key() -> str:
    return entropy.draw_rsa_key()


def pem(alg: str, number: int) -> str:
    """A private key of its own for each number; of RSA there is one."""

    def expand(label: str, count: int) -> bytes:
        return (number.to_bytes(8, "big") + label.encode()).ljust(count, b"\1")

    return signing_key.draw(policy.Algorithm(alg), expand, rsa_key)


def fresh(alg: str, number: int, now: datetime | None) -> SigningKey:
    """A key that no other number has; RSA keys differ by their names only, which is enough here."""
    key = signing_key.publish(pem(alg, number), alg, now)
    return key.model_copy(update={"kid": f"{key.kid}-{number}"})


@dataclass
class World:
    """Who has published and signed what, and when."""

    now: datetime = START
    number: int = 0
    published: dict[str, datetime] = field(default_factory=dict)
    """By kid: since when it was in every ring without a gap."""
    signed: dict[str, datetime] = field(default_factory=dict)
    """By kid: when it signed last, by a replica that learned late."""
    excused: set[str] = field(default_factory=set)
    """Keys that sign at once, since nothing else could."""

    def see(self, ring: Ring) -> None:
        """A ring is in the Secret at this moment."""
        kids = {key.kid for key in ring.keys}
        self.published = {kid: self.published.get(kid, self.now) for kid in kids}
        for key in ring.keys:
            if key.state is State.ACTIVE:
                self.signed[key.kid] = self.now + KUBELET

    def valid(self) -> set[str]:
        """Keys of which a token may be valid now, if it was signed as late as possible."""
        lifetime = rotation.LONGEST_LIFETIME
        return {kid for kid, last in self.signed.items() if self.now < last + lifetime}


class Rotation(RuleBasedStateMachine):
    """A ring in its Secret; every rule is something that people, time or crashes do."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.ring = Ring(keys=())
        self.wish = Wish(algorithms=("ES256", "RS256"))

    def step(self) -> Ring:
        """The ring after one look of the operator, if it gets to write it."""

        def draw(alg: str) -> SigningKey:
            self.world.number += 1
            return fresh(alg, self.world.number, self.world.now)

        return rotation.advance(self.ring, self.wish, self.world.now, draw)

    def write(self, ring: Ring) -> None:
        """What the Secret holds is what the server reads back."""
        self.world.see(self.ring)  # it signed until now
        self.ring = keyring.parse(keyring.write(ring))
        self.world.see(self.ring)

    def change(self, **fields: object) -> None:
        self.wish = dataclasses.replace(self.wish, **fields)  # type: ignore[arg-type]

    @initialize(alg=st.sampled_from(ALGORITHMS))
    def create(self, alg: str) -> None:
        self.want(alg)
        self.write(self.step())
        self.world.excused |= {key.kid for key in self.ring.keys}

    @rule(seconds=ORDINARY)
    def time_passes(self, seconds: int) -> None:
        self.world.see(self.ring)
        self.world.now += timedelta(seconds=seconds)

    @rule()
    def the_operator_looks(self) -> None:
        self.write(self.step())

    @rule()
    def the_operator_dies_before_it_writes(self) -> None:
        self.step()

    @rule(seconds=ORDINARY)
    def the_operator_is_gone_for_a_while_and_comes_back(self, seconds: int) -> None:
        self.time_passes(seconds)
        self.write(self.step())

    @rule()
    def the_operator_comes_when_time_asks_for_it(self) -> None:
        due = rotation.next_step(self.ring, self.wish)
        if due is not None and due > self.world.now:
            self.time_passes(int((due - self.world.now).total_seconds()))
            before = self.ring
            self.write(self.step())
            assert self.ring != before, "it was due and nothing happened"

    @rule(alg=st.sampled_from(ALGORITHMS))
    def want(self, alg: str) -> None:
        self.change(algorithms=tuple(dict.fromkeys((alg, "RS256"))), key=None)

    @rule(hours=st.sampled_from([None, 24, 48, 720]))
    def want_rotation(self, hours: int | None) -> None:
        self.change(interval=None if hours is None else timedelta(hours=hours))

    @rule(text=st.sampled_from(["a", "b", "c", ""]))
    def ask_for_a_rotation(self, text: str) -> None:
        self.change(rotate=text)

    @rule(text=st.sampled_from(["a", "b", "c", ""]))
    def revoke_all_keys(self, text: str) -> None:
        self.change(revoke=text)
        before = self.ring
        self.write(self.step())
        if text not in ("", before.revoked):
            given = {self.wish.key.kid} if self.wish.key else set()
            stayed = {key.kid for key in self.ring.keys} & {key.kid for key in before.keys}
            assert stayed <= given, "a revoked key is still there"
            self.world.signed.clear()
            self.world.see(self.ring)
            self.world.excused |= {key.kid for key in self.ring.keys}

    @rule(number=st.sampled_from([10_001, 10_002, 10_003]))
    def give_a_key(self, number: int) -> None:
        key = fresh(self.wish.algorithms[0], number, None)
        self.change(key=key, ring=())

    @rule()
    def give_no_key_any_more(self) -> None:
        self.change(key=None)

    @invariant()
    def an_algorithm_has_at_most_one_active_key(self) -> None:
        active = [key.alg for key in self.ring.keys if key.state is State.ACTIVE]
        assert len(active) == len(set(active))

    @invariant()
    def something_signs_and_all_that_is_wanted_is_there_after_a_look(self) -> None:
        if not self.ring.keys:
            return
        assert any(key.state is State.ACTIVE for key in self.ring.keys)
        after = self.step()
        algs = {key.alg for key in after.keys if key.state is not State.RETIRING}
        assert algs.issuperset(self.wish.algorithms)

    @invariant()
    def no_key_is_gone_while_a_token_of_it_is_valid(self) -> None:
        assert self.world.valid() <= {key.kid for key in self.ring.keys}

    @invariant()
    def no_key_signs_before_everybody_can_know_it(self) -> None:
        for key in self.ring.keys:
            if key.state is State.ACTIVE and key.kid not in self.world.excused:
                signing = key.active_at
                assert signing is not None
                # Replicas publish it late; what they published before is cached for a while.
                known = self.world.published[key.kid] + KUBELET + JWKS_CACHED
                assert signing >= known

    @invariant()
    def a_second_look_changes_nothing(self) -> None:
        if not self.ring.keys:
            return
        once = keyring.parse(keyring.write(self.step()))

        def none(alg: str) -> SigningKey:
            raise AssertionError(f"another {alg} key was drawn at the same moment")

        assert rotation.advance(once, self.wish, self.world.now, none) == once


TestRotation = Rotation.TestCase
TestRotation.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
