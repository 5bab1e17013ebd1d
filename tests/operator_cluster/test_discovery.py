"""Kinds that a cluster may not know, come to know, and know no more, on a real kube-apiserver."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from authly_operator.cluster import client, discovery, errors, gather, watch
from cluster import handle
from throwaway import optional_crds


pytestmark = pytest.mark.control_plane

NOT_READ_YET = "storage is (re)initializing"
"""What an API server answers that has just learned the kind; one who asks fast meets it."""
KIND = "ServiceMonitor"


@pytest.fixture
def definition(control_plane: handle.Cluster) -> Any:
    """Installs the definition, or takes it away; gone at the end."""
    path: Path = optional_crds.paths()[KIND]

    class Definition:
        def install(self) -> None:
            control_plane.kubectl("apply", "--server-side", "-f", str(path))
            control_plane.wait_established("-f", str(path))

        def take_away(self) -> None:
            control_plane.kubectl("delete", "--ignore-not-found", "-f", str(path))

    yield Definition()
    Definition().take_away()


@pytest.fixture
def monitor(config_map: Any) -> dict[str, Any]:
    """A ServiceMonitor of the server `main`."""
    made = config_map(name="main")
    del made["data"]
    spec = {"selector": {}, "endpoints": [{"port": "metrics"}]}
    return {**made, "apiVersion": "monitoring.coreos.com/v1", "kind": KIND, "spec": spec}


@pytest.fixture
async def asking(api: client.Client) -> discovery.Discovery:
    """Asks again after a tenth of a second."""
    return discovery.Discovery(api, seconds=0.1)


@pytest.fixture
def impatient(monkeypatch: Any) -> None:
    """Watches try again soon."""
    monkeypatch.setattr(watch, "RETRY_SECONDS", (0.1,))


async def until_served(found: discovery.Discovery) -> None:
    async with asyncio.timeout(90):
        while not await found.serves(KIND):  # noqa: ASYNC110 - the API server tells nobody
            await asyncio.sleep(0.05)


async def test_a_kind_that_is_unknown_is_left_out_and_why_is_told(
    api: client.Client, asking: discovery.Discovery, namespace: str
) -> None:
    children, unavailable = await gather.optional_children(api, asking, namespace, "main")

    assert children == {}
    assert set(unavailable) == {"HTTPRoute", "ServiceMonitor", "PrometheusRule", "Cluster"}
    assert "does not know monitoring.coreos.com/v1" in unavailable[KIND]


async def test_a_kind_that_comes_later_is_gathered_and_one_that_goes_is_no_failure(
    api: client.Client,
    asking: discovery.Discovery,
    namespace: str,
    definition: Any,
    monitor: dict[str, Any],
) -> None:
    assert not await asking.serves(KIND)
    definition.install()
    await until_served(asking)
    await api.apply(monitor)
    children, unavailable = await gather.optional_children(api, asking, namespace, "main")
    assert set(children) == {(KIND, "main")}
    assert set(unavailable) == {"HTTPRoute", "PrometheusRule", "Cluster"}

    sure = discovery.Discovery(api)
    assert await sure.serves(KIND)
    definition.take_away()
    async with asyncio.timeout(90):
        while True:  # the API server serves what it knew for a moment yet
            children, unavailable = await gather.optional_children(api, sure, namespace, "main")
            if KIND in unavailable:
                break
            await asyncio.sleep(0.05)
    assert children == {}


async def test_an_answer_holds_for_a_while_and_is_not_asked_for_again(pretend: Any) -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.json_response({"resources": [{"kind": "HTTPRoute"}]})

    found = discovery.Discovery(await pretend(answer))
    for _ in range(5):
        assert await found.serves("HTTPRoute")
    assert sorted(asked) == [
        "/apis/gateway.networking.k8s.io/v1",
        "/apis/monitoring.coreos.com/v1",
        "/apis/postgresql.cnpg.io/v1",
    ]
    found.forget()
    await found.serves("HTTPRoute")
    assert len(asked) == 6


async def test_a_kind_that_may_not_be_listed_is_left_out(pretend: Any, api: client.Client) -> None:
    async def answer(request: web.Request) -> web.Response:
        if "namespaces" not in request.path:
            kinds = ["HTTPRoute", "ServiceMonitor", "PrometheusRule"]
            return web.json_response({"resources": [{"kind": kind} for kind in kinds]})
        told = {"code": 403, "reason": "Forbidden", "message": "not yours"}
        return web.json_response(told, status=403)

    pretended = await pretend(answer)
    children, unavailable = await gather.optional_children(
        pretended, discovery.Discovery(pretended), "auth", "main"
    )

    assert children == {}
    assert "upgrade the Helm release" in unavailable["HTTPRoute"]


async def test_other_failures_of_a_list_are_failures(pretend: Any) -> None:
    async def answer(request: web.Request) -> web.Response:
        if "namespaces" not in request.path:
            return web.json_response({"resources": [{"kind": "HTTPRoute"}]})
        return web.json_response({"code": 500, "message": "broken"}, status=500)

    pretended = await pretend(answer)
    with pytest.raises(errors.Refused, match="broken"):
        await gather.optional_children(pretended, discovery.Discovery(pretended), "auth", "main")


@pytest.mark.usefixtures("impatient")
async def test_a_kind_is_watched_while_the_cluster_knows_it_and_nothing_is_logged(
    api: client.Client, asking: discovery.Discovery, definition: Any, monitor: dict[str, Any]
) -> None:
    namespace = monitor["metadata"]["namespace"]
    told: asyncio.Queue[str] = asyncio.Queue()

    def notify(kind: str, metadata: Mapping[str, Any]) -> None:
        told.put_nowait(f"{kind} {metadata['name']}")

    watching = watch.Watch(api, KIND, namespace, notify, optional=asking)
    with capture_logs() as logs:
        task = asyncio.create_task(watching.run())
        definition.install()
        await until_served(asking)
        await api.apply(monitor)
        async with asyncio.timeout(90):
            assert await told.get() == "ServiceMonitor main"
        definition.take_away()
        async with asyncio.timeout(60):
            assert await told.get() == "ServiceMonitor main"  # gone with its definition
            while await asking.serves(KIND):  # noqa: ASYNC110 - the API server tells nobody
                await asyncio.sleep(0.05)
        definition.install()
        await until_served(asking)
        await api.apply(monitor)
        async with asyncio.timeout(90):
            while told.empty():  # noqa: ASYNC110 - of the events before, any number may come
                await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.wait([task])
    told_people = [one for one in logs if one["log_level"] != "debug"]
    assert [one["error"] for one in told_people if one["error"] != NOT_READ_YET] == []
