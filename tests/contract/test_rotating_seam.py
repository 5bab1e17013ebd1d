"""The operator's rings in a real server: no token is refused at any moment of a rotation."""

import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest

from authly_operator import entropy
from authly_operator.api import policy
from authly_operator.material import keyring, rotation, signing_key
from authly_operator.material.keyring import Ring
from authly_operator.material.rotation import Wish
from authly_operator.material.signing_key import SigningKey, State
from throwaway import registration, server as throwaway_server
from throwaway.instance import Instance


START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
CACHED = timedelta(minutes=5)
"""How long a resource server may keep the JWKS (`Cache-Control` of the server)."""
LATE = timedelta(minutes=2)
"""How long another replica may still answer with the JWKS of before (the kubelet's delay)."""


def draw(alg: str, now: datetime) -> SigningKey:
    pem = signing_key.draw(
        policy.Algorithm(alg), lambda _, count: entropy.draw(count), entropy.draw_rsa_key
    )
    return signing_key.publish(pem, alg, now)


@dataclass
class Rotating:
    """A server, the ring that it mounts, and how often a resource server would have looked."""

    instance: Instance
    wish: Wish
    now: datetime = START
    ring: Ring = field(default_factory=lambda: Ring(keys=()))
    copies: list[tuple[datetime, list[dict[str, str]]]] = field(default_factory=list)
    """Every JWKS that was served, and when."""
    tokens: list[str] = field(default_factory=list)

    def step(self, seconds: float = 0) -> None:
        """The operator looks, and the server has what it wrote."""
        self.now += timedelta(seconds=seconds)
        self.ring = rotation.advance(self.ring, self.wish, self.now, lambda a: draw(a, self.now))
        mount(self.instance.server.key_ring, keyring.write(self.ring))
        kids = {key.kid for key in self.ring.keys}
        signing = {key.kid for key in self.ring.keys if key.state is State.ACTIVE}
        wait_for(lambda: {key["kid"] for key in self.jwks()} == kids and self.signer() in signing)
        self.copies.append((self.now, self.jwks()))

    def signer(self) -> str:
        return str(self.instance.http.get("/health/ready").json()["signing_key"])

    def jwks(self) -> list[dict[str, str]]:
        return list(self.instance.http.get("/jwks").json()["keys"])

    def worst_copy(self) -> list[dict[str, str]]:
        """The oldest JWKS that a cache may still answer with at this moment."""
        fresh_until = [(until, copy) for until, copy in self._until() if until >= self.now]
        return fresh_until[0][1]

    def _until(self) -> Iterator[tuple[datetime, list[dict[str, str]]]]:
        """Each copy, and until when somebody may have it who asked just before the next one."""
        ends = [moment for moment, _ in self.copies[1:]]
        for (_, copy), end in zip(self.copies, [*ends, self.now], strict=True):
            yield end + LATE + CACHED, copy

    def issue(self) -> str:
        """A token as of now."""
        answer = self.instance.post("/token", grant_type="client_credentials")
        self.tokens.append(str(answer.json()["access_token"]))
        return self.tokens[-1]

    def check(self) -> None:
        """Every token so far verifies by the worst copy, and the server knows it."""
        for token in self.tokens:
            assert verify(self.worst_copy(), token)["client_id"] == "shop"
            assert self.instance.is_active(token)


def mount(path: Path, document: str) -> None:
    partial = path.with_suffix(".partial")
    partial.write_text(document)
    partial.replace(path)


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 90
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def verify(copy: list[dict[str, str]], token: str) -> dict[str, Any]:
    keys = {key.key_id: key for key in jwt.PyJWKSet(copy).keys}
    key = keys[jwt.get_unverified_header(token)["kid"]]
    claims: dict[str, Any] = jwt.decode(
        token, key, algorithms=[key.algorithm_name], audience="https://api.example"
    )
    return claims


@pytest.fixture
def rotating(database_url: str, request: pytest.FixtureRequest) -> Iterator[Rotating]:
    """A server with the first ring of the operator; the parameter is its algorithm."""
    alg = getattr(request, "param", "ES256")
    registration.migrate(database_url)
    shop = registration.apply_client(database_url)
    server = throwaway_server.create(database_url, tls=False, start=False, JWT_ALGORITHM=alg)
    wish = Wish(algorithms=tuple(dict.fromkeys((alg, "RS256"))))
    with contextlib.closing(Instance(database_url, server, shop)) as instance:
        found = Rotating(instance, wish)
        found.ring = rotation.advance(found.ring, wish, START, lambda a: draw(a, START))
        mount(server.key_ring, keyring.write(found.ring))
        server.start()
        found.copies.append((START, found.jwks()))
        yield found


@pytest.mark.parametrize(
    ("rotating", "change", "keys"),
    [
        ("ES256", {"rotate": "please"}, 2),
        ("ES256", {"algorithms": ("RS256",)}, 2),
        # The server goes on with the setting of before, as it does until its pods are replaced.
        ("RS256", {"algorithms": ("ES256", "RS256")}, 1),
    ],
    indirect=["rotating"],
)
def test_tokens_of_before_during_and_after_a_rotation_verify_by_the_oldest_copy_of_the_keys(
    rotating: Rotating, change: dict[str, Any], keys: int
) -> None:
    rotating.issue()
    rotating.now += timedelta(hours=1)
    rotating.wish = dataclasses.replace(rotating.wish, **change)
    rotating.step()
    for seconds in (0, 60, 239, 300, 1):  # in all ten minutes and a little more after the first
        rotating.issue()
        rotating.check()
        rotating.step(seconds)
        rotating.issue()
        rotating.check()
    assert len({jwt.get_unverified_header(token)["kid"] for token in rotating.tokens}) == keys


def test_a_key_goes_when_its_tokens_have_expired_and_is_refused_then(rotating: Rotating) -> None:
    first = rotating.issue()
    rotating.wish = dataclasses.replace(rotating.wish, rotate="please")
    rotating.step()
    rotating.step(rotation.PUBLISHED_FOR.total_seconds())
    rotating.step(rotation.RETIRING_FOR.total_seconds() - 1)
    rotating.check()
    rotating.step(1)
    assert not rotating.instance.is_active(first)
    assert rotating.instance.is_active(rotating.issue())


def test_a_server_started_with_the_new_algorithm_signs_by_the_old_key_until_the_new_one_is_known(
    rotating: Rotating,
) -> None:
    rotating.wish = dataclasses.replace(rotating.wish, algorithms=("EdDSA", "RS256"))
    rotating.issue()
    rotating.step()
    rotating.instance.server.kill()
    rotating.instance.server.environ["JWT_ALGORITHM"] = "EdDSA"
    rotating.instance.server.start()
    assert jwt.get_unverified_header(rotating.issue())["alg"] == "ES256"
    rotating.check()
    rotating.step(rotation.PUBLISHED_FOR.total_seconds())
    wait_for(lambda: jwt.get_unverified_header(rotating.issue())["alg"] == "EdDSA")
    rotating.check()


def test_revoked_keys_verify_nothing_any_more(rotating: Rotating) -> None:
    stolen = rotating.issue()
    rotating.wish = dataclasses.replace(rotating.wish, revoke="stolen")
    rotating.step(1)
    assert not rotating.instance.is_active(stolen)
    rotating.tokens.clear()
    token = rotating.issue()
    assert verify(rotating.jwks(), token)["client_id"] == "shop"
    assert rotating.instance.is_active(token)
