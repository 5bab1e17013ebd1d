"""Leadership on a real kube-apiserver: one leader, growing epochs, and when one must stop."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web
from tests.operator_cluster.candidates import QUICK, Candidates, looked

from authly_operator.cluster import client
from authly_operator.cluster.lease import Lost, Timing
from authly_operator.naming import EPOCH_ANNOTATION


pytestmark = pytest.mark.control_plane


@pytest.fixture
def candidates(api: client.Client, namespace: str) -> Candidates:
    return Candidates(api, namespace)


Spawn = Callable[[Any], asyncio.Task[Any]]


@pytest.fixture
async def spawn() -> AsyncIterator[Spawn]:
    """Runs coroutines in the background until the test ends."""
    tasks: list[asyncio.Task[Any]] = []

    def start(work: Any) -> asyncio.Task[Any]:
        tasks.append(asyncio.create_task(work))
        return tasks[-1]

    yield start
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def test_a_holder_stops_before_the_others_begin() -> None:
    timing = Timing()
    assert timing.renew + timing.attempt < timing.deadline < timing.duration
    for wrong in ({"deadline": 15.0}, {"renew": 7.0}, {"attempt": 10.0}, {"duration": 10}):
        with pytest.raises(ValueError, match="deadline < duration"):
            Timing(**wrong)


async def test_of_many_candidates_exactly_one_leads(candidates: Candidates, spawn: Spawn) -> None:
    made = [candidates.make(f"c{number}") for number in range(5)]
    waiting = [spawn(one.acquire()) for one in made]
    done, rest = await asyncio.wait(waiting, timeout=90, return_when=asyncio.FIRST_COMPLETED)
    assert len(done) == 1
    leader = made[waiting.index(done.pop())]
    holding = spawn(leader.hold())
    await asyncio.sleep(QUICK.duration + 1)  # longer than anybody waits for a silent holder
    assert not any(task.done() for task in [*rest, holding])
    assert (await candidates.read())["spec"]["holderIdentity"] == leader.identity
    assert leader.check() > 0
    for other in made:
        if other is not leader:
            with pytest.raises(Lost):
                other.check()


async def test_people_can_read_the_lease(candidates: Candidates) -> None:
    one = candidates.make("pod-1_abcd", clock=_At(2026))
    epoch = await one.acquire()
    found = await candidates.read()
    assert found["spec"] == {
        "holderIdentity": "pod-1_abcd",
        "leaseDurationSeconds": 4,
        "leaseTransitions": 0,
        "acquireTime": "2026-01-01T00:00:00.000000Z",
        "renewTime": "2026-01-01T00:00:00.000000Z",
    }
    assert found["metadata"]["annotations"][EPOCH_ANNOTATION] == str(epoch)
    assert epoch == int(_At(2026).now().timestamp()) * 1_000_000


@dataclass(frozen=True)
class _At:
    year: int

    def now(self) -> datetime:
        return datetime(self.year, 1, 1, tzinfo=UTC)


async def test_a_renewal_keeps_the_epoch_and_a_release_lets_the_next_in_at_once(
    candidates: Candidates, spawn: Spawn
) -> None:
    first, second = candidates.make("first"), candidates.make("second")
    epoch = await first.acquire()
    holding = spawn(first.hold())
    await candidates.wait_renewed()
    assert first.check() == epoch
    waiting = spawn(second.acquire())
    await looked(second)
    assert not waiting.done()
    holding.cancel()
    began = time.monotonic()
    await first.release()
    later = await waiting
    assert time.monotonic() - began < QUICK.duration - 1
    assert later > epoch
    assert (await candidates.read())["spec"]["leaseTransitions"] == 1
    with pytest.raises(Lost):
        first.check()
    await first.release()
    assert (await candidates.read())["spec"]["holderIdentity"] == "second"


async def test_a_silent_holder_is_followed_after_its_duration_and_knows_it_before(
    candidates: Candidates, spawn: Spawn
) -> None:
    silent, next_one = candidates.make("silent"), candidates.make("next")
    epoch = await silent.acquire()
    began = led_last = time.monotonic()
    waiting = spawn(next_one.acquire())
    while not waiting.done():
        led_last = time.monotonic()
        try:
            silent.check()
        except Lost:
            break
        await asyncio.sleep(0.02)
    assert not waiting.done(), "both would have led"
    assert led_last - began <= QUICK.deadline + 0.5
    assert await waiting > epoch
    assert time.monotonic() - began >= QUICK.duration - 0.5


async def test_a_holder_that_was_suspended_stops_without_writing(
    candidates: Candidates, spawn: Spawn
) -> None:
    paused = candidates.make("paused")
    await paused.acquire()
    holding = spawn(paused.hold())
    candidates.elapsed["paused"].added = QUICK.duration + 1
    with pytest.raises(Lost, match="could not be renewed in time"):
        paused.check()
    with pytest.raises(Lost):
        await holding


async def test_a_holder_that_was_followed_meanwhile_learns_it_at_its_renewal(
    candidates: Candidates, spawn: Spawn
) -> None:
    """As after the suspension of a whole virtual machine, whose clocks stood still."""
    old, new = candidates.make("old"), candidates.make("new")
    epoch = await old.acquire()
    taking = spawn(new.acquire())
    await looked(new)
    candidates.elapsed["new"].added = QUICK.duration + 1
    later = await taking
    assert later > epoch
    with pytest.raises(Lost, match="was taken by new"):
        await old.hold()
    with pytest.raises(Lost):
        old.check()
    assert new.check() == later


async def test_a_holder_without_an_api_server_stops_before_another_may_begin(
    candidates: Candidates, wired: client.Client, wire: Any, spawn: Spawn
) -> None:
    cut_off, other = candidates.make("cut-off", wired), candidates.make("other")
    await cut_off.acquire()
    holding = spawn(cut_off.hold())
    await candidates.wait_renewed()
    waiting = spawn(other.acquire())
    await looked(other)
    wire.freeze()
    with pytest.raises(Lost, match="could not be renewed in time"):
        await holding
    assert not waiting.done(), "both would have led"
    wire.thaw()
    assert await waiting > 0


async def test_an_api_server_that_is_gone_for_a_moment_is_survived(
    candidates: Candidates, wired: client.Client, wire: Any, spawn: Spawn
) -> None:
    holder = candidates.make("holder", wired)
    epoch = await holder.acquire()
    holding = spawn(holder.hold())
    wire.closed = True
    wire.cut()
    await asyncio.sleep(1.0)
    wire.closed = False
    await candidates.wait_renewed()
    assert not holding.done()
    assert holder.check() == epoch


async def test_a_deleted_lease_stops_its_holder_and_the_next_waits_for_that(
    candidates: Candidates, spawn: Spawn
) -> None:
    old, new = candidates.make("old"), candidates.make("new")
    epoch = await old.acquire()
    holding = spawn(old.hold())
    waiting = spawn(new.acquire())
    await looked(new)
    await candidates.delete()
    with pytest.raises(Lost, match="was deleted"):
        await holding
    assert not waiting.done(), "both would have led"
    assert await waiting > epoch


async def test_an_epoch_never_falls_however_often_the_lease_is_deleted(
    candidates: Candidates,
) -> None:
    epochs = []
    for number in range(6):
        one = candidates.make(f"c{number}")
        epochs.append(await one.acquire())
        if number % 2:
            await candidates.delete()
        else:
            await one.release()
    assert epochs == sorted(set(epochs))


async def test_a_clock_that_is_behind_gives_a_higher_epoch_all_the_same(
    candidates: Candidates,
) -> None:
    first, behind = candidates.make("first"), candidates.make("behind", clock=_At(1999))
    epoch = await first.acquire()
    await first.release()
    assert await behind.acquire() == epoch + 1


@pytest.mark.parametrize("text", ["", "-5", "1e9", "9" * 30, "٣", "x"])
async def test_an_epoch_that_was_tampered_with_is_replaced_by_the_clock(
    candidates: Candidates, text: str
) -> None:
    first, second = candidates.make("first"), candidates.make("second")
    epoch = await first.acquire()
    await first.release()
    patch = {"metadata": {"annotations": {EPOCH_ANNOTATION: text}}}
    await candidates.api.merge("Lease", candidates.namespace, "authly-operator", patch)
    assert await second.acquire() > epoch


async def test_an_answer_that_was_lost_does_not_cost_the_duration(
    candidates: Candidates,
) -> None:
    """The write was done though the candidate never learned of it: its own name is on the Lease."""
    one = candidates.make("one")
    epoch = await one.acquire()
    again = candidates.make("one")
    began = time.monotonic()
    assert await again.acquire() > epoch
    assert time.monotonic() - began < QUICK.duration - 1
    with pytest.raises(Lost):
        await one.hold()


async def test_a_lease_that_others_made_by_hand_is_taken_over(candidates: Candidates) -> None:
    await candidates.api.create(
        {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": "authly-operator", "namespace": candidates.namespace},
            "spec": {},
        }
    )
    assert await candidates.make("one").acquire() > 0


async def test_a_holder_whose_lease_went_back_in_time_stops(pretend: Any) -> None:
    """As after a restore of etcd, which brings back a Lease that the same process held."""
    stored: dict[str, Any] = {}
    versions = iter(range(100, 1000))

    async def answer(request: web.Request) -> web.Response:
        if request.method != "GET":
            stored.update(await request.json())
            stored["metadata"] = {**stored["metadata"], "resourceVersion": str(next(versions))}
        return web.json_response(stored, status=200 if stored else 404)

    candidate = Candidates(await pretend(answer), "system").make("me")
    await candidate.acquire()
    holding = asyncio.create_task(candidate.hold())
    await asyncio.sleep(0.5)
    assert not holding.done()
    stored["metadata"]["resourceVersion"] = "7"
    with pytest.raises(Lost, match="etcd was restored"):
        await asyncio.wait_for(holding, 60)
