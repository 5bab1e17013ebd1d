"""Redirect URIs that follow the hosts of Ingresses and HTTPRoutes, by where people are sent."""

import asyncio
from typing import Any

import pytest
from tests.operator_clients.landscape import Landscape, condition, is_ready

from cluster import handle
from throwaway import optional_crds


pytestmark = pytest.mark.control_plane
FOLLOWS: dict[str, Any] = {
    "grantTypes": ["authorization_code"],
    "redirectUrisFrom": [{"ingressRef": {"name": "web"}, "path": "/callback"}],
}
ROUTED = {"redirectUrisFrom": [{"httpRouteRef": {"name": "web"}, "path": "/callback"}]}


def rule(host: str | None) -> dict[str, Any]:
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    paths = {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}
    return {"http": paths, **({"host": host} if host else {})}


async def ingress(land: Landscape, *hosts: str | None, namespace: str = "") -> None:
    """Make an Ingress, or change its hosts."""
    place, spec = namespace or land.place, {"rules": [rule(host) for host in hosts]}
    if await land.api.get("Ingress", place, "web") is not None:
        await land.api.merge("Ingress", place, "web", {"spec": spec})
        return
    metadata = {"name": "web", "namespace": place}
    body = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata}
    await land.api.create({**body, "spec": spec})


def sent(land: Landscape, uri: str) -> bool:
    """Whether the server sends people there (with an error, since they bring no challenge)."""
    query = {
        "response_type": "code",
        "client_id": f"{land.place}.shop",
        "redirect_uri": uri,
        "state": "s",
    }
    answer = land.database.instance.http.get("/authorize", params=query)
    return str(answer.headers.get("Location", "")).startswith(uri)


async def test_a_changed_host_is_followed(land: Landscape) -> None:
    await ingress(land, "one.example", "two.example", "*.wild.example", None)
    made = await land.client("shop", **FOLLOWS)
    assert is_ready(made), made["status"]
    assert condition(made, "RedirectUrisResolved")[:2] == ("True", "RedirectUrisFound")
    assert sent(land, "https://one.example/callback")
    assert sent(land, "https://two.example/callback")
    assert not sent(land, "https://a.wild.example/callback")
    await ingress(land, "three.example")
    moved = await land.tell("AuthlyClient", "shop")
    assert is_ready(moved), moved["status"]
    assert sent(land, "https://three.example/callback")
    assert not sent(land, "https://one.example/callback")
    again = await land.tell("AuthlyClient", "shop")
    assert again["metadata"]["resourceVersion"] == moved["metadata"]["resourceVersion"]


async def test_the_path_is_the_resources_and_nothing_is_followed_once_it_names_nothing(
    land: Landscape,
) -> None:
    own = "https://own.example/callback"
    await ingress(land, "one.example")
    await land.client("shop", **FOLLOWS, redirectUris=[own])
    other = [{**FOLLOWS["redirectUrisFrom"][0], "path": "/signed-in"}]
    assert is_ready(await land.edit("shop", redirectUrisFrom=other))
    assert not sent(land, "https://one.example/callback")
    assert sent(land, "https://one.example/signed-in")
    left = await land.edit("shop", redirectUrisFrom=None)
    assert is_ready(left), left["status"]
    assert not sent(land, "https://one.example/signed-in")
    assert sent(land, own)


async def test_what_the_spec_lists_is_there_beside_it(land: Landscape) -> None:
    await ingress(land, "one.example")
    own: dict[str, Any] = {
        "redirectUris": ["https://own.example/callback", "https://one.example/callback"]
    }
    assert is_ready(await land.client("shop", **FOLLOWS, **own))
    assert sent(land, "https://own.example/callback")
    assert sent(land, "https://one.example/callback")


async def test_a_missing_object_is_told_and_nothing_is_made_up(land: Landscape) -> None:
    made = await land.client("shop", **FOLLOWS)
    status, reason, message = condition(made, "RedirectUrisResolved")
    assert (status, reason) == ("False", "RedirectSourceMissing")
    assert f"Ingress {land.place}/web (spec.redirectUrisFrom) does not exist" in message
    assert condition(made, "Ready") == (status, reason, message)
    assert await land.data("shop-oauth") == {}
    await ingress(land, None)
    hostless = await land.tell("AuthlyClient", "shop")
    assert "has no host" in condition(hostless, "RedirectUrisResolved")[2]
    await ingress(land, "one.example")
    assert is_ready(await land.tell("AuthlyClient", "shop"))


async def test_an_object_that_goes_takes_nothing_along_that_works(land: Landscape) -> None:
    await ingress(land, "one.example")
    await land.client("shop", **FOLLOWS)
    found = await land.api.get("Ingress", land.place, "web")
    assert found is not None
    await land.api.delete("Ingress", land.place, "web", found["metadata"]["uid"])
    left = await land.tell("AuthlyClient", "shop")
    assert condition(left, "Ready")[:2] == ("False", "RedirectSourceMissing")
    assert sent(land, "https://one.example/callback")
    edited = await land.edit(
        "shop", redirectUrisFrom=None, redirectUris=["https://own.example/callback"]
    )
    assert is_ready(edited), edited["status"]
    assert not sent(land, "https://one.example/callback")


async def test_the_ingress_of_another_namespace_is_never_followed(land: Landscape) -> None:
    other = f"{land.place}-other"
    await land.namespace(other)
    await ingress(land, "other.example", namespace=other)
    made = await land.client("shop", **FOLLOWS)
    assert condition(made, "RedirectUrisResolved")[1] == "RedirectSourceMissing"


async def test_a_followed_host_is_subject_to_the_servers_rules(land: Landscape) -> None:
    rules = {"spec": {"allowedClients": {"redirectHosts": ["*.apps.example"]}}}
    await land.api.merge("AuthlyServer", land.place, "main", rules)
    await ingress(land, "shop.apps.example")
    assert is_ready(await land.client("shop", **FOLLOWS))
    await ingress(land, "evil.example")
    refused = await land.tell("AuthlyClient", "shop")
    assert condition(refused, "Accepted")[:2] == ("False", "RedirectHostNotAllowed")
    assert not sent(land, "https://evil.example/callback")
    assert sent(land, "https://shop.apps.example/callback"), "what was registered goes on"


async def test_a_route_is_followed_where_the_cluster_knows_the_kind(
    land: Landscape, control_plane: handle.Cluster
) -> None:
    made = await land.client("shop", **FOLLOWS | ROUTED)
    assert "this cluster does not know the kind" in condition(made, "RedirectUrisResolved")[2]
    definition = str(optional_crds.paths()["HTTPRoute"])
    await asyncio.to_thread(control_plane.kubectl, "apply", "--server-side", "-f", definition)
    try:
        await asyncio.to_thread(control_plane.wait_established, "-f", definition)
        land.tools.discovery.forget()
        body = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute"}
        metadata = {"name": "web", "namespace": land.place}
        spec = {"hostnames": ["route.example"]}
        await land.api.create({**body, "metadata": metadata, "spec": spec})
        followed = await land.tell("AuthlyClient", "shop")
        assert is_ready(followed), followed["status"]
        assert sent(land, "https://route.example/callback")
    finally:
        await asyncio.to_thread(control_plane.kubectl, "delete", "-f", definition)
    land.tools.discovery.forget()
    gone = await land.tell("AuthlyClient", "shop")
    assert condition(gone, "Ready")[1] == "RedirectSourceMissing"
