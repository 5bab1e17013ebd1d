"""Signing keys change while two replicas are at work: no token is refused, and a revoked key is.

The replicas mount rings of their own, for the kubelets of two nodes are never equally quick. What
the operator writes when is the matter of tests/contract/test_rotating_seam.py.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import jwt
import pytest

from throwaway import instance as throwaway_instance, keys, server as throwaway_server
from throwaway.instance import Instance
from throwaway.server import Server


AUDIENCE = "https://api.example"
WORKERS = 4
GRANT = {"grant_type": "client_credentials"}


@dataclass
class Replicas:
    """Two servers of one instance, and what a resource server holds that asked long ago."""

    instance: Instance
    servers: tuple[Server, Server]
    copy: dict[str, Any] = field(default_factory=dict)
    kids: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def mount(self, server: Server, *ring: dict[str, str]) -> None:
        """Give one replica a ring, and wait until it is the one that it works with."""
        keys.write_ring(server.key_ring, *ring)
        published = {key["kid"] for key in ring}
        (signer,) = (key["kid"] for key in ring if key["state"] == "Active")
        until(lambda: {key["kid"] for key in jwks(server)["keys"]} == published)
        until(lambda: ready(server)["signing_key"] == signer)

    def fetch_keys(self) -> None:
        """The resource server's copy of the keys has expired, and it asks either replica."""
        self.copy = jwks(self.servers[1])

    def verify(self, token: str) -> None:
        """As a resource server does, without asking anybody."""
        known = {key.key_id: key for key in jwt.PyJWKSet.from_dict(self.copy).keys}
        key = known[jwt.get_unverified_header(token)["kid"]]
        jwt.decode(token, key, algorithms=["ES256"], audience=AUDIENCE)


def jwks(server: Server) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{server.base_url}/jwks").raise_for_status().json()
    return found


def ready(server: Server) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{server.base_url}/health/ready").raise_for_status().json()
    return found


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 90
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def first() -> dict[str, str]:
    return keys.draw("first")


@pytest.fixture
def replicas(database_url: str, first: dict[str, str]) -> Iterator[Replicas]:
    with contextlib.ExitStack() as stack:
        instance = stack.enter_context(throwaway_instance.running(database_url, tls=False))
        shared = {
            name: value
            for name, value in instance.server.environ.items()
            if name in {"ISSUER", "SECRET_KEY", "JWT_SECRET_KEY", "JWT_REFRESH_SECRET_KEY"}
        }
        other = throwaway_server.create(database_url, tls=False, start=True, **shared)
        stack.enter_context(contextlib.closing(other))
        found = Replicas(instance, (instance.server, other))
        for server in found.servers:
            found.mount(server, first)
        found.fetch_keys()
        yield found


@contextlib.asynccontextmanager
async def load(replicas: Replicas) -> AsyncIterator[None]:
    """Everybody gets tokens at one replica, and uses them at the other and at a resource server."""
    is_over = asyncio.Event()
    refresh = replicas.instance.tokens(scope="profile")["refresh_token"]

    async def work(number: int) -> None:
        one, other = (replicas.servers[(number + each) % 2].base_url for each in (0, 1))
        async with (
            httpx.AsyncClient(base_url=one, timeout=30) as issuing,
            httpx.AsyncClient(base_url=other, timeout=30) as asked,
        ):
            while not is_over.is_set():
                await use(replicas, issuing, asked)

    async def stay_signed_in() -> None:
        """One person's tokens, refreshed at the replicas in turn."""
        latest = refresh
        async with httpx.AsyncClient(timeout=30) as http:
            while not is_over.is_set():
                for server in replicas.servers:
                    latest = await renew(replicas, http, server, latest)

    tasks = [asyncio.create_task(work(number)) for number in range(WORKERS)]
    tasks.append(asyncio.create_task(stay_signed_in()))
    try:
        yield
    finally:
        is_over.set()
        await asyncio.gather(*tasks)


async def use(replicas: Replicas, issuing: httpx.AsyncClient, asked: httpx.AsyncClient) -> None:
    basic = replicas.instance.shop.basic
    token = (await issuing.post("/token", data=GRANT, auth=basic)).json()["access_token"]
    replicas.kids.append(jwt.get_unverified_header(token)["kid"])
    try:
        replicas.verify(token)
    except (KeyError, jwt.InvalidTokenError) as error:
        replicas.refused.append(f"resource server: {error!r}")
    answer = await asked.post("/introspect", data={"token": token}, auth=basic)
    if not answer.json()["active"]:
        replicas.refused.append(f"introspection: {replicas.kids[-1]}")


async def renew(
    replicas: Replicas, http: httpx.AsyncClient, server: Server, refresh_token: str
) -> str:
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    basic = replicas.instance.shop.basic
    answer = await http.post(f"{server.base_url}/token", data=form, auth=basic)
    issued = answer.raise_for_status().json()
    bearer = {"Authorization": f"Bearer {issued['access_token']}"}
    for each in replicas.servers:
        told = await http.get(f"{each.base_url}/userinfo", headers=bearer)
        if told.status_code != httpx.codes.OK:
            replicas.refused.append(f"userinfo: {told.text}")
    return str(issued["refresh_token"])


async def at_work(replicas: Replicas, kid: str) -> None:
    """Until many more tokens were used, and some were signed by that key."""
    enough, deadline = len(replicas.kids) + 20, time.monotonic() + 60
    while len(replicas.kids) < enough or kid not in replicas.kids[-20:]:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


async def test_no_token_is_refused_while_keys_change_under_load(
    replicas: Replicas, first: dict[str, str]
) -> None:
    second = keys.draw("second")
    one, other = replicas.servers
    steps = [
        (first, second | {"state": "Published"}),
        (first | {"state": "Retiring"}, second),
        (second,),
    ]
    async with load(replicas):
        await at_work(replicas, "first")
        for ring in steps:
            await asyncio.to_thread(replicas.mount, one, *ring)
            await at_work(replicas, "second" if ring[-1]["state"] == "Active" else "first")
            await asyncio.to_thread(replicas.mount, other, *ring)
            # Only now has the copy of before expired, in which a key must have been all the time.
            await at_work(replicas, "second" if ring[-1]["state"] == "Active" else "first")
            await asyncio.to_thread(replicas.fetch_keys)
    assert replicas.refused == []
    assert set(replicas.kids) == {"first", "second"}
    assert replicas.kids[-1] == "second"


async def test_a_revoked_key_is_refused_at_once_and_new_tokens_are_good(
    replicas: Replicas, first: dict[str, str]
) -> None:
    stolen = replicas.instance.tokens(scope="profile")
    async with load(replicas):
        await at_work(replicas, "first")
    for server in replicas.servers:
        assert_good(replicas, server, stolen["access_token"], is_good=True)
    second = keys.draw("second")
    for server in replicas.servers:
        # Without a moment in which the old key verifies on: it has never been there.
        await asyncio.to_thread(replicas.mount, server, second)
        assert_good(replicas, server, stolen["access_token"], is_good=False)
    replicas.fetch_keys()
    with pytest.raises(KeyError):
        replicas.verify(stolen["access_token"])
    renewed = replicas.instance.refresh(stolen["refresh_token"]).raise_for_status().json()
    for server in replicas.servers:
        assert_good(replicas, server, renewed["access_token"], is_good=True)
    replicas.verify(renewed["access_token"])


def assert_good(replicas: Replicas, server: Server, token: str, *, is_good: bool) -> None:
    bearer, basic = {"Authorization": f"Bearer {token}"}, replicas.instance.shop.basic
    told = httpx.get(f"{server.base_url}/userinfo", headers=bearer)
    assert told.status_code == (200 if is_good else 401)
    asked = httpx.post(f"{server.base_url}/introspect", data={"token": token}, auth=basic)
    assert asked.json()["active"] is is_good
