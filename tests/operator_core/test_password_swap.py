"""What a swap of the database's roles looks like from without: the Secret, look by look."""

import dataclasses
import functools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings, strategies as st

from authly_operator import entropy, material, naming
from authly_operator.api import authly_server
from authly_operator.material import credentials, owner_passwords, role_passwords, role_swap
from authly_operator.material.role_passwords import Passwords
from authly_operator.material.role_swap import Phase, Progress, Roles, Twin, Wish
from authly_operator.observed import ServerObserved


Spec = Callable[..., authly_server.Spec]
Seen = Callable[..., ServerObserved]
START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ROTATE = "authly.dev/rotate-passwords-at"
COMPLETE = {"status": {"conditions": [{"type": "Complete", "status": "True"}]}}


@functools.cache
def rsa_key() -> str:
    return entropy.draw_rsa_key()


class Server:
    """A server whose Secrets hold what the operator wrote last."""

    def __init__(self, spec: authly_server.Spec, seen: Seen) -> None:
        self.spec, self.seen, self.now = spec, seen, START
        self.annotations: dict[str, str] = {}
        self.secrets: dict[str, dict[str, str]] = {}
        self.children: dict[tuple[str, str], Any] = {}
        self.looks = 0

    def look(self, *, after: timedelta = timedelta(0)) -> material.Material:
        """The operator looks and writes."""
        self.now += after
        self.looks += 1
        around = self.seen(self.secrets, children=self.children)
        identity = dataclasses.replace(around.identity, annotations=self.annotations)
        made = material.draw(
            self.spec,
            dataclasses.replace(around, identity=identity),
            self.now,
            bytes([self.looks]) * material.ENTROPY_BYTES,
            rsa_key,
        )
        if made.complete:
            self.secrets["main-credentials"] = dict(made.credentials)
            self.secrets["main-signing-keys"] = {"keyring.json": made.keyring or ""}
        return made

    def make(self, mark: str | None = None) -> None:
        """A migration Job has given the idle roles their passwords, or signed in by a new one."""
        told = {naming.ROLES_ANNOTATION: mark or self.passwords.mark or ""}
        self.children["Job", "main-migrate-1"] = {"metadata": {"annotations": told}, **COMPLETE}

    def lock(self) -> None:
        """A Job has locked the former roles."""
        name = naming.role_lock("main", self.passwords.lock)
        self.children["Job", name] = {"metadata": {}, **COMPLETE}

    def swap(self) -> None:
        for step in (self.make, self.lock, self.make):
            self.look()
            step()
        self.look()

    @property
    def passwords(self) -> Passwords:
        found = self.look().passwords
        assert found is not None
        return found

    @property
    def state(self) -> tuple[Twin, Phase]:
        swap = self.passwords.swap
        return swap.current, swap.phase

    @property
    def keys(self) -> set[str]:
        return set(self.secrets["main-credentials"])

    def role(self, key: str = "DATABASE_URL") -> str:
        return str(urlsplit(self.secrets["main-credentials"][key]).username)


@pytest.fixture
def server(server_spec: Spec, seen: Seen) -> Server:
    made = Server(server_spec(), seen)
    made.look()
    return made


def test_a_server_that_nobody_asks_says_nothing_of_twins(server: Server) -> None:
    assert server.role() == "authly_server"
    assert role_swap.KEY not in server.secrets["main-credentials"]
    assert server.look().next_step is None


def test_the_urls_are_those_of_before_until_the_other_roles_are_made(server: Server) -> None:
    server.annotations[ROTATE] = "please"
    assert server.state == (Twin.A, Phase.PREPARING)
    assert server.role() == "authly_server"
    assert server.role("NEXT_DATABASE_URL") == "authly_server_b"
    assert server.role("NEXT_OPERATOR_DATABASE_URL") == "authly_operator_b"
    coming = server.secrets["main-credentials"]["NEXT_DATABASE_URL"]

    server.make("the mark of other passwords")
    assert server.state == (Twin.A, Phase.PREPARING)
    server.make()
    assert server.state == (Twin.B, Phase.RETIRING)
    assert server.secrets["main-credentials"]["DATABASE_URL"] == coming
    assert not {*credentials.IDLE_URLS.values(), *role_passwords.IDLE} & server.keys

    server.lock()
    assert server.state == (Twin.B, Phase.SETTLED)
    server.make()
    server.look()
    assert not set(owner_passwords.KEYS) & server.keys
    assert server.state == (Twin.B, Phase.SETTLED)  # one annotation counts once


def test_a_second_request_during_a_swap_waits_for_its_end(server: Server) -> None:
    server.annotations[ROTATE] = "one"
    server.look()
    server.make()
    server.look()
    server.annotations[ROTATE] = "two"
    assert server.state == (Twin.B, Phase.RETIRING)
    server.lock()
    assert server.state[1] is Phase.SETTLED
    assert server.state[1] is Phase.SETTLED  # until a migration has signed in as the owner
    server.make()
    server.look()
    assert server.state == (Twin.B, Phase.PREPARING)
    assert server.role("NEXT_DATABASE_URL") == "authly_server"


def test_a_time_that_has_not_come_is_waited_for(server: Server) -> None:
    server.annotations[ROTATE] = "2026-03-01T13:00:00Z"
    assert server.look().next_step == START + timedelta(hours=1)
    assert server.state == (Twin.A, Phase.SETTLED)
    server.look(after=timedelta(hours=1))
    assert server.state == (Twin.A, Phase.PREPARING)


def test_what_was_asked_before_the_first_passwords_is_answered_by_them(
    server_spec: Spec, seen: Seen
) -> None:
    fresh = Server(server_spec(), seen)
    fresh.annotations[ROTATE] = "please"
    assert fresh.state == (Twin.A, Phase.SETTLED)
    assert fresh.state == (Twin.A, Phase.SETTLED)


def test_an_interval_counts_from_when_it_is_first_seen(server: Server, server_spec: Spec) -> None:
    server.spec = server_spec(database={"managed": {}, "passwordRotationInterval": "720h"})
    assert server.look().next_step == START + timedelta(days=30)
    assert server.look(after=timedelta(days=29)).next_step == START + timedelta(days=30)
    server.look(after=timedelta(days=1))
    assert server.state == (Twin.A, Phase.PREPARING)
    server.swap()
    assert server.state == (Twin.B, Phase.SETTLED)
    assert server.look().next_step == server.now + timedelta(days=30)


def test_passwords_that_were_lost_are_those_of_roles_that_will_be_locked(server: Server) -> None:
    server.annotations[ROTATE] = "please"
    server.swap()
    assert server.role() == "authly_server_b"
    del server.secrets["main-credentials"]
    server.children["Deployment", "main"] = {"metadata": {}}
    assert server.state == (Twin.A, Phase.RETIRING)
    assert server.role() == "authly_server"


def test_what_cannot_be_read_changes_nothing_and_shows_nothing(server: Server) -> None:
    server.secrets["main-credentials"][role_swap.KEY] = '{"current": "canary"}'
    before = dict(server.secrets["main-credentials"])
    made = server.look()
    assert made.credentials == before
    assert "canary" not in " ".join(made.missing)
    assert "remove it" in " ".join(made.missing)


STATES = st.builds(
    Roles,
    current=st.sampled_from(Twin),
    phase=st.sampled_from(Phase),
    since=st.sampled_from([None, START, START + timedelta(days=2)]),
    answered=st.sampled_from(["", "one"]),
)
WISHES = st.builds(
    Wish,
    asked=st.sampled_from(["", "one", "two"]),
    interval=st.sampled_from([None, timedelta(hours=1)]),
)


@settings(deadline=None)
@given(roles=STATES, wish=WISHES, made=st.booleans(), locked=st.booleans())
def test_roles_change_only_for_some_that_were_made_and_are_never_left_open(
    roles: Roles, wish: Wish, made: bool, locked: bool
) -> None:
    progress = Progress(made=made, locked=locked)
    after = role_swap.advance(roles, wish, progress, START)
    if after.current is not roles.current:
        assert (roles.phase, made, after.phase) == (Phase.PREPARING, True, Phase.RETIRING)
    if after.phase is Phase.SETTLED and roles.phase is not Phase.SETTLED:
        assert (roles.phase, locked) == (Phase.RETIRING, True)
    assert role_swap.parse(role_swap.write(after)) == after
