"""Events about custom resources as people read them with kubectl."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from structlog.testing import capture_logs

from authly_operator.cluster import client, events


pytestmark = pytest.mark.control_plane

NOW = datetime(2026, 3, 4, 5, 6, 7, 89, tzinfo=UTC)


async def post(api: client.Client, regarding: dict[str, Any], **changes: Any) -> None:
    given = {"warning": False, "reason": "Registered", "note": "It is.", "now": NOW, **changes}
    await events.post(api, regarding=regarding, **given)


async def test_an_event_tells_who_says_what_about_which_resource(
    api: client.Client, namespace: str, authly_client: dict[str, Any]
) -> None:
    await post(api, authly_client, action="Register")
    [found] = await api.list_objects("Event", namespace)
    told = {
        key: found[key]
        for key in ("type", "reason", "note", "action", "reportingController", "eventTime")
    }
    assert told == {
        "type": "Normal",
        "reason": "Registered",
        "note": "It is.",
        "action": "Register",
        "reportingController": "authly-operator",
        "eventTime": "2026-03-04T05:06:07.000089Z",
    }
    assert found["regarding"]["uid"] == authly_client["metadata"]["uid"]


async def test_kubectl_shows_it_beside_the_resource(
    api: client.Client, namespace: str, authly_client: dict[str, Any], control_plane: Any
) -> None:
    await post(api, authly_client, warning=True, reason="Conflict", note="Somebody else's.")
    shown = control_plane.kubectl("-n", namespace, "events", "--for=authlyclient/shop", "-o=json")
    assert [(one["type"], one["reason"]) for one in json.loads(shown)["items"]] == [
        ("Warning", "Conflict")
    ]


@pytest.mark.parametrize("note", ["x" * 5000, "ü€𝄞" * 700, "€" * 341 + "x", "€" * 342])
async def test_a_long_note_is_cut_to_what_the_api_server_takes(
    api: client.Client, namespace: str, authly_client: dict[str, Any], note: str
) -> None:
    await post(api, authly_client, note=note)
    [found] = await api.list_objects("Event", namespace)
    assert len(found["note"].encode()) <= 1024
    assert found["note"].removesuffix("…") == note[: len(found["note"].removesuffix("…"))]


async def test_long_names_get_events_too(api: client.Client, namespace: str) -> None:
    made = {
        "apiVersion": "authly.dev/v1alpha1",
        "kind": "AuthlyClient",
        "metadata": {
            "name": "a-" * 100 + "z",
            "namespace": namespace,
            "uid": "u",
            "resourceVersion": "1",
        },
    }
    await post(api, made)
    assert len(await api.list_objects("Event", namespace)) == 1


async def test_what_cannot_be_posted_is_only_logged(
    api: client.Client, wired: client.Client, wire: Any, authly_client: dict[str, Any]
) -> None:
    wire.closed = True
    with capture_logs() as logs:
        await post(wired, authly_client)
        await post(api, authly_client, reason="r" * 500)
    assert [one["event"] for one in logs] == ["event_not_posted", "event_not_posted"]
