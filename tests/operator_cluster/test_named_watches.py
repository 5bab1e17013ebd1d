"""Objects that are referred to by name are watched one by one, on a real kube-apiserver."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from authly_operator.cluster import client, discovery, named
from authly_operator.references import References, Target
from authly_operator.workqueue import Key


pytestmark = pytest.mark.control_plane
Told = asyncio.Queue[Target]


def body(secret: str | None) -> dict[str, Any]:
    if secret is None:
        return {"spec": {}}
    ref = {"name": secret, "key": "password"}
    return {"spec": {"auth": {"secret": {"source": "Existing", "ref": ref}}}}


@pytest.fixture
def references() -> References:
    return References()


@pytest.fixture
def refer(references: References, namespace: str) -> Callable[..., Target]:
    """Lets the client of that name refer to a Secret."""

    def note(owner: str, secret: str | None) -> Target:
        references.note(Key("AuthlyClient", namespace, owner), body(secret))
        return Target("Secret", namespace, secret or "")

    return note


@pytest.fixture
async def start(api: client.Client, references: References) -> AsyncIterator[Callable[..., Told]]:
    """Begins to follow; answers the queue of what is told."""
    async with asyncio.TaskGroup() as group:
        tasks: list[asyncio.Task[None]] = []

        def run(most: int = named.MOST) -> Told:
            told = Told()
            following = named.follow(
                discovery.Discovery(api), references, told.put_nowait, most=most
            )
            tasks.append(group.create_task(following))
            return told

        yield run
        for task in tasks:
            task.cancel()


async def secret(api: client.Client, namespace: str, name: str) -> dict[str, Any]:
    return await api.create(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name, "namespace": namespace},
            "stringData": {"password": "one"},
        }
    )


async def next_of(told: Told) -> Target:
    async with asyncio.timeout(90):
        return await told.get()


async def test_a_secret_that_comes_changes_and_goes_is_told_of_and_no_other_is(
    api: client.Client, namespace: str, refer: Any, start: Any
) -> None:
    wanted = refer("shop", "given")
    told = start()
    await secret(api, namespace, "strange")
    made = await secret(api, namespace, "given")
    assert await next_of(told) == wanted
    await api.merge("Secret", namespace, "strange", {"stringData": {"password": "two"}})
    await api.merge("Secret", namespace, "given", {"stringData": {"password": "two"}})
    assert await next_of(told) == wanted
    await api.delete("Secret", namespace, "given", made["metadata"]["uid"])
    assert await next_of(told) == wanted
    assert told.empty()


async def test_what_nobody_refers_to_any_more_is_not_watched_any_more(
    api: client.Client, namespace: str, refer: Any, start: Any
) -> None:
    await secret(api, namespace, "first")
    await secret(api, namespace, "second")
    told = start()
    first = refer("shop", "first")
    assert await next_of(told) == first
    refer("web", "first")
    second = refer("shop", "second")
    assert await next_of(told) == second
    refer("web", None)
    await asyncio.sleep(0.2)
    await api.merge("Secret", namespace, "first", {"stringData": {"password": "two"}})
    await api.merge("Secret", namespace, "second", {"stringData": {"password": "two"}})
    assert await next_of(told) == second


async def test_beyond_the_limit_it_is_said_that_some_are_not_watched(
    api: client.Client, namespace: str, refer: Any, start: Any
) -> None:
    await secret(api, namespace, "first")
    await secret(api, namespace, "second")
    first, second = refer("shop", "first"), refer("web", "second")
    with capture_logs() as logs:
        told = start(most=1)
        assert await next_of(told) == first
    assert [one["count"] for one in logs if one["event"] == "references_not_watched"] == [1]
    refer("shop", None)
    assert await next_of(told) == second, "there is room for it now"
