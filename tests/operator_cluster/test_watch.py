"""Watching children on a real kube-apiserver, over a wire that is cut, frozen and taken away."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from authly_operator import naming
from authly_operator.cluster import client, discovery, watch


pytestmark = pytest.mark.control_plane

Start = Callable[..., Any]
EVENT = b'{"type": "ADDED", "object": {"metadata": {"name": "%s", "resourceVersion": "5"}}}\n'


@dataclass
class Notes:
    """What a watch told of, and a way to wait for it."""

    seen: list[tuple[str, str, str]] = field(default_factory=list)
    shown: list[Mapping[str, Any]] = field(default_factory=list)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, kind: str, metadata: Mapping[str, Any]) -> None:
        self.seen.append((kind, metadata["name"], metadata["resourceVersion"]))
        self.shown.append(metadata)
        self._changed.set()

    @property
    def names(self) -> list[str]:
        return [name for _, name, _ in self.seen]

    async def wait(self, count: int, seconds: float = 30) -> None:
        """Wait until that many notes were taken."""
        async with asyncio.timeout(seconds):
            while len(self.seen) < count:
                self._changed.clear()
                await self._changed.wait()


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
async def start(notes: Notes, namespace: str, monkeypatch: Any) -> AsyncIterator[Start]:
    """Starts a watch of the test's ConfigMaps that tries again soon."""
    monkeypatch.setattr(watch, "RETRY_SECONDS", (0.1,))
    async with asyncio.TaskGroup() as group:
        tasks: list[asyncio.Task[None]] = []

        def run(api: client.Client, **changes: Any) -> None:
            made = watch.Watch(api, "ConfigMap", namespace, notes.take, **changes)
            tasks.append(group.create_task(made.run()))

        yield run
        for task in tasks:
            task.cancel()


@pytest.fixture
def create(api: client.Client, config_map: Any) -> Any:
    """Creates a child by name, by another connection than the one that is watched over."""

    async def by_name(name: str) -> None:
        await api.create(config_map(name=name))

    return by_name


async def test_a_child_that_is_there_comes_changes_and_goes(
    api: client.Client, namespace: str, config_map: Any, start: Start, notes: Notes
) -> None:
    await api.create(config_map(name="first"))
    start(api)
    await notes.wait(1)
    second = await api.create(config_map(name="second"))
    await notes.wait(2)
    await api.replace({**second, "data": {"changed": "yes"}})
    await notes.wait(3)
    await api.delete("ConfigMap", namespace, "second", second["metadata"]["uid"])
    await notes.wait(4)
    assert notes.names == ["first", "second", "second", "second"]
    assert [bool(version) for _, _, version in notes.seen] == [True, True, True, False]
    assert {kind for kind, _, _ in notes.seen} == {"ConfigMap"}


async def test_strangers_are_not_watched_and_data_is_never_loaded(
    api: client.Client, config_map: Any, start: Start, notes: Notes
) -> None:
    start(api)
    await api.create(config_map(name="strange", labels={"app": "other"}))
    await api.create(config_map(name="ours"))
    await notes.wait(1)
    assert notes.names == ["ours"]
    assert set(notes.shown[0]) <= set(watch._KEPT)
    assert notes.shown[0]["labels"][naming.INSTANCE_LABEL] == "main"


async def test_a_broken_connection_is_taken_up_where_it_broke(
    wired: client.Client, wire: Any, create: Any, start: Start, notes: Notes
) -> None:
    with capture_logs() as logs:
        await create("listed")
        start(wired)
        await notes.wait(1)
        await create("before")
        await notes.wait(2)
        wire.closed = True
        wire.cut()
        await create("meanwhile")
        wire.closed = False
        await notes.wait(3)
        await create("after")
        await notes.wait(4)
    assert notes.names == ["listed", "before", "meanwhile", "after"]
    assert "watch_broken" in {one["event"] for one in logs}


async def test_a_watch_that_dies_silently_is_noticed_and_replaced(
    wired: client.Client, wire: Any, create: Any, start: Start, notes: Notes
) -> None:
    await create("listed")
    start(wired, silence=1.0)
    await notes.wait(1)
    await create("before")
    await notes.wait(2)
    wire.mute()  # the connections that there are; new ones work
    await create("unheard")
    await notes.wait(3)
    assert notes.names == ["listed", "before", "unheard"]


@pytest.mark.parametrize(("code", "reason"), [(410, "Expired"), (504, "Timeout")])
async def test_where_a_version_is_unknown_everything_that_was_missed_is_told(
    pretend: Any, start: Start, notes: Notes, code: int, reason: str
) -> None:
    """Too old, or (504) too new as after a restore of etcd: a list tells what came and went."""
    lists = iter([("5", ["gone", "same"]), ("9", ["same", "new"])])

    async def answer(request: web.Request) -> web.StreamResponse:
        if not request.query.get("watch"):
            version, names = next(lists)
            items = [{"metadata": {"name": name, "resourceVersion": "4"}} for name in names]
            return web.json_response({"items": items, "metadata": {"resourceVersion": version}})
        if request.query["resourceVersion"] == "5":
            told = {"code": code, "reason": reason, "message": "unknown version"}
            return web.json_response(told, status=code)
        return web.Response(body=EVENT % b"later")

    start(await pretend(answer))
    await notes.wait(5)
    assert sorted(notes.names[:2]) == ["gone", "same"]
    assert notes.names[2:5] == ["gone", "new", "later"]
    assert notes.seen[2][2] == "", "what went unseen has no version"


async def test_a_kind_that_may_not_be_watched_is_asked_for_again(
    pretend: Any, start: Start, notes: Notes
) -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        told = {"code": 403, "reason": "Forbidden", "message": "not\nyours"}
        return web.json_response(told, status=403)

    with capture_logs() as logs:
        start(await pretend(answer))
        async with asyncio.timeout(90):
            while len(asked) < 3:  # noqa: ASYNC110 - the server of this test tells nobody
                await asyncio.sleep(0.02)
    assert logs[0]["error"] == "not yours"
    assert notes.seen == []


@pytest.mark.parametrize(
    "line",
    [
        b'{"type": "ERROR", "object": {"code": 410, "reason": "Expired", "message": "old"}}\n',
        b'{"type": "ADDED", "obj',
        b"",
    ],
)
async def test_a_stream_that_ends_oddly_is_begun_again(
    pretend: Any, start: Start, notes: Notes, line: bytes
) -> None:
    version = iter(range(1, 1000))

    async def answer(request: web.Request) -> web.Response:
        if request.query.get("watch"):
            return web.Response(body=EVENT % (b"x%d" % next(version)) + line)
        return web.json_response({"items": [], "metadata": {"resourceVersion": "1"}})

    start(await pretend(answer))
    await notes.wait(3)
    assert {"x1", "x2"} <= set(notes.names)


async def test_all_kinds_of_children_are_watched_in_every_namespace(
    api: client.Client, namespace: str, config_map: Any, notes: Notes
) -> None:
    task = asyncio.create_task(watch.children(discovery.Discovery(api), [None], notes.take))
    account = {**config_map(name="main"), "kind": "ServiceAccount"}
    del account["data"]
    await api.create(account)
    await api.create(config_map())
    async with asyncio.timeout(90):
        while not {("ServiceAccount", "main"), ("ConfigMap", "main-config")} <= {
            (kind, name)
            for (kind, name, _), metadata in zip(notes.seen, notes.shown, strict=True)
            if metadata["namespace"] == namespace
        }:
            await notes.wait(len(notes.seen) + 1)
    task.cancel()
    await asyncio.wait([task])
