"""When a client got its last token: as the token endpoint gave it, and seldom written."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from tests.operator_clients.landscape import Landscape, Object, answer, is_ready
from tests.operator_clients.test_client_fields import PEOPLE, assertion, public

from authly_operator.observed import Identity
from authly_operator.observed_clients import ClientObserved, Verified
from authly_operator.reconcile import issuance


pytestmark = pytest.mark.control_plane
WITHIN = 60.0
"""Seconds until what the server noted is in its database, on a busy machine; it is five."""
NOTED = (
    "SELECT count(*) FROM authly.client_tokens AS told"
    " JOIN authly.clients AS client ON client.id = told.client_id WHERE client.client_id = %s"
)


async def until_noted(land: Landscape, name: str) -> None:
    """Wait for the server to write that the client got a token."""
    async with asyncio.timeout(WITHIN):
        while not land.database.fetch(NOTED, f"{land.place}.{name}"):  # noqa: ASYNC110
            await asyncio.sleep(0.2)


async def look(land: Landscape, name: str = "shop") -> Object:
    return await land.tell("AuthlyClient", name)


async def test_the_first_token_of_a_client_is_told_of_and_those_of_the_same_hour_are_not(
    land: Landscape,
) -> None:
    """The client has keys of its own, so that the operator cannot get a token for it."""
    key = ec.generate_private_key(ec.SECP256R1())
    auth = {"method": "PrivateKeyJwt", "privateKeyJwt": {"jwks": public(key)}}
    made = await land.client("shop", auth=auth)
    assert is_ready(made), made["status"]
    assert "lastTokenIssuedTime" not in made["status"]

    def ask() -> datetime:
        form = {"grant_type": "client_credentials"} | assertion(land, f"{land.place}.shop", key)
        assert answer(land.database.instance.http.post("/token", data=form))[0] == 200
        return datetime.now(UTC)  # noqa: TID251 - the database's clock is this one

    issued = ask()
    await until_noted(land, "shop")
    told = await look(land)
    moment = datetime.fromisoformat(told["status"]["lastTokenIssuedTime"])
    assert abs(moment - issued) < timedelta(seconds=10)
    ask()
    again = await look(land)
    assert again["metadata"]["resourceVersion"] == told["metadata"]["resourceVersion"]


async def test_a_client_that_is_refused_got_no_token(land: Landscape) -> None:
    await land.client("shop", **PEOPLE)
    data = await land.data("shop-oauth")
    assert land.token(data["client_id"], data["client_secret"])[1]["error"] == "unauthorized_client"
    await land.client("other")
    await until_noted(land, "other")
    assert land.database.fetch(NOTED, f"{land.place}.shop") == 0
    assert "lastTokenIssuedTime" not in (await look(land))["status"]


async def test_the_token_by_which_credentials_are_verified_causes_no_write_later(
    land: Landscape,
) -> None:
    made = await land.client("shop")
    assert made["status"]["lastTokenIssuedTime"]
    await until_noted(land, "shop")
    again = await look(land)
    assert again["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]


async def test_an_edit_leaves_the_last_token_and_a_deletion_takes_it_along(
    land: Landscape,
) -> None:
    made = await land.client("shop")
    await until_noted(land, "shop")
    edited = await land.edit("shop", displayName="Store")
    assert edited["status"]["lastTokenIssuedTime"] == made["status"]["lastTokenIssuedTime"]
    await land.delete("AuthlyClient", "shop")
    assert land.database.fetch(NOTED, f"{land.place}.shop") == 0
    await land.client("shop", **PEOPLE)
    assert "lastTokenIssuedTime" not in (await look(land))["status"]


NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("issued", "before", "told"),
    [
        (None, None, None),
        (None, "2026-01-01T11:00:00Z", "2026-01-01T11:00:00Z"),
        ("2026-01-01T12:00:00+00:00", None, "2026-01-01T12:00:00Z"),
        ("2026-01-01T14:00:00.5+02:00", None, "2026-01-01T12:00:00Z"),
        ("2026-01-01T12:00:00+00:00", "2026-01-01T11:00:01Z", "2026-01-01T11:00:01Z"),
        ("2026-01-01T12:00:00+00:00", "2026-01-01T11:00:00Z", "2026-01-01T12:00:00Z"),
        ("2026-01-01T12:00:00+00:00", "2026-01-01T13:00:00Z", "2026-01-01T13:00:00Z"),
    ],
)
async def test_a_client_in_use_is_written_once_an_hour(
    issued: str | None, before: str | None, told: str | None
) -> None:
    row: dict[str, Any] = {"last_token_at": issued} if issued else {}
    seen = ClientObserved(
        identity=Identity(name="shop", namespace="apps", uid="1", generation=1), row=row
    )
    known = {"lastTokenIssuedTime": before} if before else {}
    assert issuance.last(seen, known, NOON) == told


async def test_a_token_of_the_operators_own_is_told_of_at_once() -> None:
    identity = Identity(name="shop", namespace="apps", uid="1", generation=1)
    seen = ClientObserved(identity=identity, verified=Verified(mark="x/y", got_token=True))
    before = {"lastTokenIssuedTime": "2026-01-01T11:59:00Z"}
    assert issuance.last(seen, before, NOON) == "2026-01-01T12:00:00Z"
