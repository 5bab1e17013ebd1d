"""Clients that are pods: the tokens that the cluster mounts into them prove them, by no secret."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.operator_clients.landscape import Landscape, condition, is_ready
from tests.operator_clients.rotations import write

from cluster import handle
from throwaway import instance as throwaway_instance
from throwaway.instance import Instance


pytestmark = pytest.mark.control_plane
AUDIENCE = "authly"
Asked = Callable[..., str]


def by(account: str, audience: str = AUDIENCE) -> dict[str, Any]:
    """Authentication by that service account of the client's namespace."""
    named = {"name": account, "audience": audience}
    return {"method": "ServiceAccount", "serviceAccount": named}


@pytest.fixture
def mounted(control_plane: handle.Cluster, land: Landscape) -> Asked:
    """Ask the API server for a token as the kubelet does for a pod of that account."""

    def ask(account: str, audience: str, namespace: str = "") -> str:
        place = ("--namespace", namespace or land.place)
        return control_plane.kubectl(
            "create", "token", account, "--audience", audience, *place
        ).strip()

    return ask


async def employ(land: Landscape, account: str, namespace: str = "") -> None:
    """Make a service account."""
    metadata = {"name": account, "namespace": namespace or land.place}
    await land.api.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})


async def test_only_tokens_of_the_clients_account_and_audience_prove_it(
    land: Landscape, mounted: Asked
) -> None:
    elsewhere = f"{land.place}-elsewhere"
    await land.namespace(elsewhere)
    for account, namespace in (("worker", ""), ("cleaner", ""), ("worker", elsewhere)):
        await employ(land, account, namespace)
    made = await land.client("shop", auth=by("worker"))
    assert is_ready(made), made["status"]
    own = mounted("worker", AUDIENCE)
    assert [land.proves(own, "shop") for _ in range(2)] == [True, True], (
        "a mounted token is used often"
    )
    assert not land.proves(mounted("cleaner", AUDIENCE), "shop")
    assert not land.proves(mounted("worker", AUDIENCE, elsewhere), "shop")
    assert not land.proves(mounted("worker", "https://other.example"), "shop")
    assert not land.proves(mounted("worker", land.database.instance.server.issuer), "shop")
    assert not land.proves(f"{own[:-8]}AAAAAAAA", "shop")


async def test_another_account_in_the_resource_is_another_one_at_the_token_endpoint(
    land: Landscape, mounted: Asked
) -> None:
    await employ(land, "worker")
    await employ(land, "cleaner")
    await land.client("shop", auth=by("worker"))
    worker, cleaner = mounted("worker", AUDIENCE), mounted("cleaner", AUDIENCE)
    assert (land.proves(worker, "shop"), land.proves(cleaner, "shop")) == (True, False)
    assert is_ready(await land.edit("shop", auth=by("cleaner")))
    assert (land.proves(worker, "shop"), land.proves(cleaner, "shop")) == (False, True)


async def test_the_audience_is_the_clients_or_else_the_issuer(
    land: Landscape, mounted: Asked
) -> None:
    await employ(land, "worker")
    await land.client("shop", auth=by("worker"))
    issuer = land.database.instance.server.issuer
    tokens = [mounted("worker", audience) for audience in (AUDIENCE, "storefront", issuer)]

    def accepted() -> list[bool]:
        return [land.proves(token, "shop") for token in tokens]

    assert accepted() == [True, False, False]
    assert is_ready(await land.edit("shop", auth=by("worker", "storefront")))
    assert accepted() == [False, True, False]
    assert is_ready(await land.edit("shop", auth={"serviceAccount": {"audience": None}}))
    assert accepted() == [False, False, True]


@pytest.mark.parametrize("edited", [False, True])
async def test_who_comes_with_an_account_has_no_secret_anywhere(
    land: Landscape, mounted: Asked, *, edited: bool
) -> None:
    await employ(land, "worker")
    await land.client("shop")
    if edited:
        await write(land, "shop-oauth", "of-somebody".ljust(43, "x"))
        assert is_ready(await land.tell("AuthlyClient", "shop"))
    former = (await land.data("shop-oauth"))["client_secret"]
    keyless = await land.edit("shop", auth=by("worker"))
    assert is_ready(keyless), keyless["status"]
    token = mounted("worker", AUDIENCE)
    assert land.proves(token, "shop")
    assert not await land.works("shop", former)
    for secret in await land.api.list_objects("Secret", land.place):
        held = await land.data(secret["metadata"]["name"])
        assert not {"client_secret", "private_key", "private_key_jwk"} & set(held)
        assert former not in held.values()
    assert condition(keyless, "CredentialsVerified")[0] != "False"
    back = await land.edit("shop", auth=None)
    assert is_ready(back), back["status"]
    assert await land.works("shop")
    assert not await land.works("shop", former)
    assert not land.proves(token, "shop")


async def test_a_client_may_be_there_before_its_account(land: Landscape, mounted: Asked) -> None:
    """Nobody gets a token of an account that is not there: the API server refuses."""
    made = await land.client("shop", auth=by("worker"))
    assert is_ready(made), made["status"]
    with pytest.raises(handle.CommandFailed, match="not found"):
        mounted("worker", AUDIENCE)
    await employ(land, "worker")
    assert land.proves(mounted("worker", AUDIENCE), "shop")


async def test_what_to_mount_is_told(land: Landscape) -> None:
    made = await land.client("shop", auth=by("worker"))
    told = condition(made, "CredentialsVerified")
    assert told[:2] == ("True", "ServiceAccountsBelieved")
    assert f"{land.place}/worker for audience {AUDIENCE}" in told[2]
    issuer = land.database.instance.server.issuer
    edited = await land.edit("shop", auth={"serviceAccount": {"audience": None}})
    assert f"for audience {issuer}" in condition(edited, "CredentialsVerified")[2]


@pytest.fixture
def unbelieving(land: Landscape) -> Iterator[Instance]:
    """A server of the same database that knows nothing of the cluster."""
    with throwaway_instance.running(land.database.owner, tls=False) as running:
        yield running


async def answers_at(land: Landscape, server: Instance) -> None:
    """The Service leads to that server, which every client looks at again."""
    service = {"spec": {"service": {"port": server.server.port}}}
    body = await land.api.merge("AuthlyServer", land.place, "main", service)
    await land.api.write_status(body, body["status"])


async def test_a_server_that_believes_no_account_is_told_and_not_ready(
    land: Landscape, unbelieving: Instance
) -> None:
    await answers_at(land, unbelieving)
    made = await land.client("shop", auth=by("worker"))
    ready = condition(made, "Ready")
    assert ready[:2] == ("False", "ServiceAccountsNotBelieved"), made["status"]
    assert f"AuthlyServer {land.place}/main takes no tokens of service accounts" in ready[2]
    await answers_at(land, land.database.instance)
    assert is_ready(await land.tell("AuthlyClient", "shop"))
    await answers_at(land, unbelieving)
    assert condition(await land.tell("AuthlyClient", "shop"), "Ready")[0] == "False"


async def test_a_server_that_is_away_for_a_moment_changes_nothing(
    land: Landscape, unbelieving: Instance
) -> None:
    made = await land.client("shop", auth=by("worker"))
    await answers_at(land, unbelieving)
    unbelieving.server.stop()
    again = await land.tell("AuthlyClient", "shop")
    assert is_ready(again), again["status"]
    assert again["status"]["conditions"] == made["status"]["conditions"]
    other = await land.client("till", auth=by("worker"))
    assert condition(other, "Ready")[:2] == ("False", "EndpointUnreachable"), other["status"]


async def test_what_was_said_of_a_secret_says_nothing_of_an_account(
    land: Landscape, unbelieving: Instance
) -> None:
    assert is_ready(await land.client("shop"))
    await answers_at(land, unbelieving)
    unbelieving.server.stop()
    edited = await land.edit("shop", auth=by("worker"))
    assert condition(edited, "Ready")[:2] == ("False", "EndpointUnreachable"), edited["status"]
