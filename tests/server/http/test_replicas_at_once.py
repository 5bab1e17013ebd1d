"""T13, T16, T17 and the faults of replicas: three processes, one database, and everything once."""

import asyncio
import contextlib
import itertools
from collections.abc import Iterator, Mapping
from uuid import UUID

import httpx
import psycopg
import pytest

from throwaway import server as throwaway_server
from throwaway.browser import VERIFIER
from throwaway.instance import Instance, problem
from throwaway.server import Server


REVOKED = "SELECT revoked_at IS NOT NULL FROM authly.grants ORDER BY created_at DESC LIMIT 1"
GRANT = "SELECT id FROM authly.grants ORDER BY created_at DESC LIMIT 1"
FAMILIES = "SELECT count(*) FROM authly.tokens WHERE grant_id = %s AND token_type = 'refresh'"
GENERATION = "SELECT generation FROM authly.tokens WHERE grant_id = %s AND token_type = 'refresh'"
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
REPLAYS = "SELECT count(*) FROM authly.audit_log WHERE event = %s"


@pytest.fixture(scope="module")
def servers(instance: Instance) -> Iterator[tuple[Server, ...]]:
    """Three processes of one instance; the first is the instance's own."""
    with contextlib.ExitStack() as stack:
        others = (throwaway_server.replicate(instance.server) for _ in range(2))
        started = [stack.enter_context(contextlib.closing(other)) for other in others]
        yield instance.server, *started


async def at_once(
    instance: Instance, servers: tuple[Server, ...], times: int, form: Mapping[str, str]
) -> list[httpx.Response]:
    """The same token request, over all processes by turns."""
    urls = itertools.cycle(f"{server.base_url}/token" for server in servers)
    async with httpx.AsyncClient(auth=instance.shop.basic, timeout=60) as http:
        requests = (http.post(next(urls), data=dict(form)) for _ in range(times))
        return await asyncio.gather(*requests)


def exchange(instance: Instance, code: str) -> dict[str, str]:
    return {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": instance.shop.redirect_uri,
        "code_verifier": VERIFIER,
    }


def refresh(token: str) -> dict[str, str]:
    return {"grant_type": "refresh_token", "refresh_token": token}


async def test_of_fifty_parallel_exchanges_over_three_processes_exactly_one_succeeds(
    instance: Instance, servers: tuple[Server, ...]
) -> None:
    form = exchange(instance, instance.code())
    answers = await at_once(instance, servers, 50, form)
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 49
    assert {problem(answer) for answer in answers if answer.status_code != 200} == {
        (400, "invalid_grant")
    }
    # Whoever came second was a replay: all that the one success brought is worth nothing.
    (issued,) = (answer.json() for answer in answers if answer.status_code == 200)
    assert not instance.is_active(issued["access_token"])
    assert problem(instance.refresh(issued["refresh_token"])) == (400, "invalid_grant")
    assert instance.fetch(REVOKED)
    assert instance.fetch(FAMILIES, instance.fetch(GRANT)) <= 1


async def test_of_parallel_exchanges_by_somebody_else_none_succeeds_nor_revokes(
    instance: Instance, servers: tuple[Server, ...]
) -> None:
    code = instance.code()
    wrong = exchange(instance, code) | {"code_verifier": VERIFIER + "-of-somebody-else"}
    answers = await at_once(instance, servers, 30, wrong)
    assert {problem(answer) for answer in answers} == {(400, "invalid_grant")}
    issued = instance.exchange(code)
    assert issued.status_code == 200
    assert instance.is_active(issued.json()["access_token"])


async def test_parallel_refreshes_over_three_processes_agree_on_one_successor(
    instance: Instance, servers: tuple[Server, ...]
) -> None:
    token, grant = instance.tokens()["refresh_token"], instance.fetch(GRANT)
    answers = await at_once(instance, servers, 30, refresh(token))
    assert {answer.status_code for answer in answers} == {200}
    (successor,) = {answer.json()["refresh_token"] for answer in answers}
    assert instance.fetch(FAMILIES, grant) == 1
    assert instance.fetch(GENERATION, grant) == 1
    assert len({answer.json()["access_token"] for answer in answers}) == 30
    assert not instance.is_active(token)
    assert instance.is_active(successor)
    assert instance.refresh(successor).status_code == 200


async def test_generation_after_generation_there_is_one_live_refresh_token(
    instance: Instance, servers: tuple[Server, ...]
) -> None:
    token, grant = instance.tokens()["refresh_token"], instance.fetch(GRANT)
    seen = [token]
    for _ in range(8):
        answers = await at_once(instance, servers, 6, refresh(seen[-1]))
        (successor,) = {answer.json()["refresh_token"] for answer in answers}
        seen.append(successor)
    assert len(set(seen)) == 9
    assert instance.fetch(GENERATION, grant) == 8
    assert [instance.is_active(each) for each in seen] == [False] * 8 + [True]


async def test_a_theft_that_all_processes_see_at_once_ends_the_family_once(
    instance: Instance, servers: tuple[Server, ...]
) -> None:
    first = instance.tokens()["refresh_token"]
    second = instance.refresh(first).json()["refresh_token"]
    third = instance.refresh(second).json()
    before = instance.fetch(REPLAYS, "refresh_token_replayed")
    answers = await at_once(instance, servers, 30, refresh(first))
    assert {problem(answer) for answer in answers} == {(400, "invalid_grant")}
    assert not instance.is_active(third["access_token"])
    assert problem(instance.refresh(third["refresh_token"])) == (400, "invalid_grant")
    assert instance.fetch(REPLAYS, "refresh_token_replayed") == before + 1


async def test_a_thief_and_the_owner_at_once_never_both_go_on(
    instance: Instance, servers: tuple[Server, ...]
) -> None:
    """The old token and its used successor, everywhere at the same time."""
    first = instance.tokens()["refresh_token"]
    second = instance.refresh(first).json()["refresh_token"]
    third = instance.refresh(second).json()["refresh_token"]
    stolen, owned = await asyncio.gather(
        at_once(instance, servers, 9, refresh(first)),
        at_once(instance, servers, 9, refresh(third)),
    )
    assert {answer.status_code for answer in stolen} == {400}
    live = {answer.json()["refresh_token"] for answer in owned if answer.status_code == 200}
    assert len(live) <= 1
    assert not any(instance.is_active(token) for token in (first, second, third, *live))


def _hold(instance: Instance, grant: UUID) -> psycopg.Connection:
    """Keep the family's row, so that whoever wants it waits."""
    other = psycopg.connect(instance.database_url)
    other.execute("SELECT FROM authly.tokens WHERE grant_id = %s FOR UPDATE", (grant,))
    return other


async def test_a_process_killed_in_the_middle_of_a_rotation_costs_nobody_the_family(
    instance: Instance, servers: tuple[Server, ...]
) -> None:
    token, grant = instance.tokens()["refresh_token"], instance.fetch(GRANT)
    doomed = servers[-1]
    async with httpx.AsyncClient(auth=instance.shop.basic, timeout=60) as http:
        with contextlib.closing(_hold(instance, grant)):
            lost = asyncio.create_task(http.post(f"{doomed.base_url}/token", data=refresh(token)))
            async with asyncio.timeout(90):
                while not await asyncio.to_thread(instance.fetch, WAITING):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)  # locks have no event
            doomed.kill()
        with pytest.raises(httpx.TransportError):
            await lost
    doomed.start()
    # Whether its statement was carried out after its death or not: the client goes on.
    answer = instance.refresh(token)
    assert answer.status_code == 200
    assert instance.refresh(answer.json()["refresh_token"]).status_code == 200
    assert instance.fetch(GENERATION, grant) == 2
