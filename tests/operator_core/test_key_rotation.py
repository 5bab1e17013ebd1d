"""What a rotation looks like from without: the ring of a server, look by look."""

import dataclasses
import functools
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from authly_operator import entropy, material
from authly_operator.api import authly_server
from authly_operator.material import keyring, rotation
from authly_operator.observed import ServerObserved


Spec = Callable[..., authly_server.Spec]
Seen = Callable[..., ServerObserved]
States = list[tuple[str, str]]
START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ROTATE, REVOKE = "authly.dev/rotate-at", "authly.dev/revoke-keys-at"


@functools.cache
def rsa_key() -> str:
    return entropy.draw_rsa_key()


class Server:
    """A server whose Secret holds what the operator wrote last."""

    def __init__(self, spec: authly_server.Spec, seen: Seen, now: datetime = START) -> None:
        self.spec, self.seen, self.now = spec, seen, now
        self.annotations: dict[str, str] = {}
        self.secrets: dict[str, dict[str, str]] = {}
        self.looks = 0

    def look(self, *, after: timedelta = timedelta(0)) -> material.Material:
        """The operator looks and writes."""
        self.now += after
        self.looks += 1
        around = self.seen(self.secrets)
        identity = dataclasses.replace(around.identity, annotations=self.annotations)
        made = material.draw(
            self.spec,
            dataclasses.replace(around, identity=identity),
            self.now,
            bytes([self.looks]) * material.ENTROPY_BYTES,
            rsa_key if self.looks == 1 else entropy.draw_rsa_key,
        )
        if made.complete and made.keyring is not None:
            self.secrets["main-signing-keys"] = {keyring.KEY: made.keyring}
        return made

    @property
    def keys(self) -> list[Mapping[str, Any]]:
        """The entries of the ring."""
        ring = self.secrets["main-signing-keys"][keyring.KEY]
        return list(json.loads(ring)["keys"])

    def states(self, alg: str = "ES256") -> list[str]:
        """Of the keys of an algorithm."""
        return [key["state"] for key in self.keys if key["alg"] == alg]

    def signer(self, alg: str = "ES256") -> str:
        """The kid of its Active key."""
        (kid,) = [k["kid"] for k in self.keys if (k["alg"], k["state"]) == (alg, "Active")]
        return str(kid)


@pytest.fixture
def server(server_spec: Spec, seen: Seen) -> Server:
    """A server with its first keys."""
    made = Server(server_spec(), seen)
    made.look()
    return made


def test_a_key_is_published_then_signs_then_retires_then_is_gone(server: Server) -> None:
    first = server.signer()
    server.annotations[ROTATE] = "please"

    server.look()
    assert (server.states(), server.signer()) == (["Active", "Published"], first)
    server.look(after=rotation.PUBLISHED_FOR - timedelta(seconds=1))
    assert (server.states(), server.signer()) == (["Active", "Published"], first)
    server.look(after=timedelta(seconds=1))
    assert server.states() == ["Retiring", "Active"]
    second = server.signer()
    server.look(after=rotation.RETIRING_FOR - timedelta(seconds=1))
    assert server.states() == ["Retiring", "Active"]
    server.look(after=timedelta(seconds=1))
    assert (server.states(), server.signer()) == (["Active"], second)


def test_the_keys_of_id_tokens_are_rotated_with_the_others(server: Server) -> None:
    server.annotations[ROTATE] = "please"
    server.look()
    assert server.states("RS256") == ["Active", "Published"]


def test_the_next_look_is_due_when_a_key_takes_its_next_step(server: Server) -> None:
    assert server.look().next_step is None
    server.annotations[ROTATE] = "please"
    assert server.look().next_step == START + rotation.PUBLISHED_FOR
    done = server.look(after=rotation.PUBLISHED_FOR)
    assert done.next_step == START + rotation.PUBLISHED_FOR + rotation.RETIRING_FOR


def test_a_time_that_has_not_come_is_waited_for(server: Server) -> None:
    server.annotations[ROTATE] = "2026-03-01T14:00:00+01:00"
    assert server.look().next_step == START + timedelta(hours=1)
    assert server.states() == ["Active"]
    server.look(after=timedelta(hours=1))
    assert server.states() == ["Active", "Published"]


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59-23:59", "2026-02-30T00:00:00Z", "x" * 9999])
def test_what_is_no_time_to_wait_for_counts_at_once(server: Server, text: str) -> None:
    server.annotations[ROTATE] = text
    server.look()
    assert server.states() == ["Active", "Published"]


def test_one_annotation_asks_for_one_rotation(server: Server) -> None:
    server.annotations[ROTATE] = "2026-03-01T11:00:00Z"
    server.look()
    server.look(after=rotation.PUBLISHED_FOR)
    signer = server.signer()
    for days in range(5):
        server.look(after=timedelta(days=days))
    assert (server.states(), server.signer()) == (["Active"], signer)


def test_an_annotation_from_before_the_first_key_asks_for_nothing(
    server_spec: Spec, seen: Seen
) -> None:
    made = Server(server_spec(), seen)
    made.annotations |= {ROTATE: "please", REVOKE: "please"}
    made.look()
    signer = made.signer()
    made.look(after=timedelta(hours=1))
    assert (made.states(), made.signer()) == (["Active"], signer)


def test_a_second_request_during_a_rotation_draws_no_third_key(server: Server) -> None:
    server.annotations[ROTATE] = "one"
    server.look()
    server.annotations[ROTATE] = "two"
    server.look(after=timedelta(minutes=1))
    assert server.states() == ["Active", "Published"]


def test_keys_are_rotated_by_the_interval(server_spec: Spec, seen: Seen) -> None:
    made = Server(server_spec(signingKeys={"rotationInterval": "48h"}), seen)
    assert made.look().next_step == START + timedelta(hours=48)
    made.look(after=timedelta(hours=48, seconds=-1))
    assert made.states() == ["Active"]
    made.look(after=timedelta(seconds=1))
    assert made.states() == ["Active", "Published"]


def test_another_algorithm_signs_after_it_was_published(server: Server, server_spec: Spec) -> None:
    server.spec = server_spec(signingKeys={"algorithm": "EdDSA"})
    server.look()
    assert (server.states("ES256"), server.states("EdDSA")) == (["Active"], ["Published"])
    server.look(after=rotation.PUBLISHED_FOR)
    assert (server.states("ES256"), server.states("EdDSA")) == (["Retiring"], ["Active"])


def test_an_algorithm_that_was_wanted_for_a_moment_leaves_no_key(
    server: Server, server_spec: Spec
) -> None:
    before = server.keys
    server.spec = server_spec(signingKeys={"algorithm": "EdDSA"})
    server.look()
    server.spec = server_spec()
    server.look()
    assert server.keys == before


def test_who_signs_until_the_wanted_key_does_is_the_first_of_the_ring(
    server_spec: Spec, seen: Seen
) -> None:
    made = Server(server_spec(signingKeys={"algorithm": "RS256"}), seen)
    made.look()
    for algorithm in ("ES256", "EdDSA"):
        made.spec = server_spec(signingKeys={"algorithm": algorithm})
        made.look()
        signing = [key["alg"] for key in made.keys if key["state"] == "Active"]
        assert signing[0] == {"ES256": "RS256", "EdDSA": "ES256"}[algorithm]
        made.look(after=rotation.PUBLISHED_FOR)


def test_revoking_replaces_every_key_at_once(server: Server) -> None:
    server.annotations[ROTATE] = "please"
    server.look()
    before = {key["kid"] for key in server.keys}
    server.annotations[REVOKE] = "stolen"
    server.look()
    assert [(key["alg"], key["state"]) for key in server.keys] == [
        ("ES256", "Active"),
        ("RS256", "Active"),
    ]
    assert before.isdisjoint(key["kid"] for key in server.keys)
    after = server.keys
    server.look(after=timedelta(hours=1))
    assert server.keys == after


def test_a_ring_from_before_there_were_times_begins_now(server: Server) -> None:
    bare = [
        {name: key[name] for name in ("kid", "alg", "state", "privateKey")} for key in server.keys
    ]
    bare[0]["state"] = "Retiring"
    server.secrets["main-signing-keys"] = {keyring.KEY: json.dumps({"keys": bare})}
    made = server.look(after=timedelta(days=400))
    assert server.states() == ["Retiring", "Published"]
    assert made.next_step == server.now + rotation.PUBLISHED_FOR
    server.look(after=rotation.RETIRING_FOR)
    assert server.states() == ["Active"]


def test_a_clock_that_was_ahead_for_a_while_keeps_no_key_waiting(server: Server) -> None:
    server.annotations[ROTATE] = "please"
    server.look(after=timedelta(days=400))
    server.look(after=-timedelta(days=400))
    assert server.states() == ["Active", "Published"]
    server.look(after=rotation.PUBLISHED_FOR)
    assert server.states() == ["Retiring", "Active"]


def test_a_clock_that_was_ahead_for_a_while_keeps_no_former_key(server: Server) -> None:
    server.annotations[ROTATE] = "please"
    server.look(after=timedelta(days=400))
    server.look(after=rotation.PUBLISHED_FOR)
    server.look(after=-timedelta(days=400))
    assert server.states() == ["Retiring", "Active"]
    server.look(after=rotation.RETIRING_FOR)
    assert server.states() == ["Active"]


def test_two_active_keys_of_one_algorithm_become_one(server: Server) -> None:
    server.annotations[ROTATE] = "please"
    server.look()
    edited = server.secrets["main-signing-keys"][keyring.KEY].replace("Published", "Active")
    server.secrets["main-signing-keys"] = {keyring.KEY: edited}
    server.look(after=timedelta(seconds=5))
    assert sorted(server.states()) == ["Active", "Retiring"]
    assert sorted(server.states("RS256")) == ["Active", "Retiring"]


def test_times_are_whole_seconds_that_everybody_reads(server: Server) -> None:
    (key, _) = server.keys
    assert (key["publishedAt"], key["activeAt"]) == ("2026-03-01T12:00:00Z",) * 2
    assert "retireAt" not in key
