"""What is read again within seconds is not asked for again, unless somebody says it changed."""

import asyncio

import pytest

from authly_operator.cluster import client, recent_reads


class Seconds:
    """A clock that stands until a test moves it."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def recent(api: client.Client, seconds: Seconds) -> recent_reads.RecentReads:
    return recent_reads.RecentReads(api, seconds)


async def write(api: client.Client, namespace: str, text: str) -> None:
    metadata = {"name": "shared", "namespace": namespace}
    await api.apply(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"is": text}}
    )


async def read(recent: recent_reads.RecentReads, namespace: str) -> str | None:
    found = await recent.get("ConfigMap", namespace, "shared")
    return None if found is None else str(found["data"]["is"])


async def test_an_answer_is_used_again_for_seconds_only(
    api: client.Client, namespace: str, recent: recent_reads.RecentReads, seconds: Seconds
) -> None:
    await write(api, namespace, "first")
    assert await read(recent, namespace) == "first"
    await write(api, namespace, "second")
    seconds.now += recent_reads.SECONDS - 0.1
    assert await read(recent, namespace) == "first"
    seconds.now += 0.1
    assert await read(recent, namespace) == "second"


async def test_absence_is_remembered_no_longer_than_what_is_there(
    api: client.Client, namespace: str, recent: recent_reads.RecentReads
) -> None:
    assert await read(recent, namespace) is None
    await write(api, namespace, "came")
    assert await read(recent, namespace) is None
    recent.forget("ConfigMap", namespace, "shared")
    assert await read(recent, namespace) == "came"


async def test_whoever_hears_of_a_change_reads_what_is_there_now(
    api: client.Client, namespace: str, recent: recent_reads.RecentReads
) -> None:
    await write(api, namespace, "first")
    assert await read(recent, namespace) == "first"
    await write(api, namespace, "second")
    recent.forget("ConfigMap", namespace, "shared")
    assert await read(recent, namespace) == "second"


async def test_an_answer_that_was_on_its_way_during_a_change_is_not_kept(
    api: client.Client, namespace: str, recent: recent_reads.RecentReads
) -> None:
    await write(api, namespace, "first")
    reading = asyncio.ensure_future(read(recent, namespace))
    await asyncio.sleep(0)  # it has asked, and nothing has answered yet
    recent.forget("ConfigMap", namespace, "shared")
    assert await reading == "first"
    await write(api, namespace, "second")
    assert await read(recent, namespace) == "second"
