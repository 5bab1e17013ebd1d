"""Who signs the cluster's service accounts: a real kube-apiserver's word, and what is no word."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from aiohttp import web

from authly_operator.cluster import accounts, client
from authly_operator.observed import AccountsProbe
from cluster import handle


pytestmark = pytest.mark.control_plane

KEY = {"kty": "RSA", "kid": "one", "alg": "RS256", "use": "sig", "n": "AQAB", "e": "AQAB"}
OTHER = {**KEY, "kid": "two"}
TOLD = {"issuer": "https://cluster.example"}


async def test_issuer_and_keys_are_those_that_the_api_server_publishes(
    api: client.Client, control_plane: handle.Cluster
) -> None:
    found = await accounts.Accounts(api).find()
    told = json.loads(control_plane.kubectl("get", "--raw", accounts.DISCOVERY))
    keys = json.loads(control_plane.kubectl("get", "--raw", accounts.KEYS))
    assert (found.issuer, found.error) == (told["issuer"], None)
    assert json.loads(found.keys) == keys


class ApiServer:
    """One whose two documents a test writes."""

    def __init__(self) -> None:
        self.told: Any = TOLD
        self.keys: Any = {"keys": [KEY]}
        self.status = 200
        self.asked = 0

    async def answer(self, request: web.Request) -> web.Response:
        self.asked += 1
        document = self.keys if request.path == accounts.KEYS else self.told
        if self.status != 200:
            document = {"kind": "Status", "reason": "Forbidden", "message": "no"}
        return web.json_response(document, status=self.status)


@pytest.fixture
def server() -> ApiServer:
    return ApiServer()


async def test_an_answer_holds_for_a_while(pretend: Any, server: ApiServer) -> None:
    found = accounts.Accounts(await pretend(server.answer))
    assert [await found.find() for _ in range(3)] == [accounts.read(TOLD, {"keys": [KEY]})] * 3
    assert server.asked == 2


async def test_other_keys_are_noticed(pretend: Any, server: ApiServer) -> None:
    found = accounts.Accounts(await pretend(server.answer), seconds=0)
    before = await found.find()
    server.keys = {"keys": [OTHER, KEY]}
    after = await found.find()
    assert (before.issuer, before.keys) != (after.issuer, after.keys)
    assert [key["kid"] for key in json.loads(after.keys)["keys"]] == ["one", "two"]


def test_the_same_keys_in_another_order_are_the_same_text() -> None:
    turned = {"keys": [dict(reversed(OTHER.items())), KEY]}
    assert accounts.read(TOLD, {"keys": [KEY, OTHER]}) == accounts.read(TOLD, turned)


def test_what_is_no_part_of_a_public_key_is_not_handed_on() -> None:
    found = accounts.read(TOLD, {"keys": [{**KEY, "d": "private", "note": "x"}]})
    assert json.loads(found.keys) == {"keys": [KEY]}


@pytest.mark.parametrize("status", [403, 404, 503])
async def test_what_was_known_stays_while_the_api_server_does_not_say(
    pretend: Any, server: ApiServer, status: int
) -> None:
    found = accounts.Accounts(await pretend(server.answer), seconds=0)
    before = await found.find()
    server.status = status
    assert await found.find() == before != AccountsProbe()


async def test_who_may_not_ask_says_what_to_bind(pretend: Any, server: ApiServer) -> None:
    server.status = 403
    found = await accounts.Accounts(await pretend(server.answer)).find()
    assert found.issuer is None
    assert found.error is not None
    assert f"bind the ClusterRole {accounts.ROLE}" in found.error


@pytest.mark.parametrize(
    ("told", "keys"),
    [
        ({}, {"keys": [KEY]}),
        ({"issuer": ""}, {"keys": [KEY]}),
        ({"issuer": "https://" + 3000 * "x"}, {"keys": [KEY]}),
        ({"issuer": 7}, {"keys": [KEY]}),
        (TOLD, {}),
        (TOLD, {"keys": []}),
        (TOLD, {"keys": "all"}),
        (TOLD, {"keys": ["one"]}),
        (TOLD, {"keys": [{**KEY, "n": 70_000 * "A"}]}),
        (TOLD, {"keys": [{**KEY, "kid": str(number)} for number in range(21)]}),
    ],
)
def test_what_is_no_issuer_with_keys_is_an_error_in_one_line(
    told: Mapping[str, Any], keys: Mapping[str, Any]
) -> None:
    found = accounts.read(told, keys)
    assert (found.issuer, found.keys) == (None, "")
    assert found.error
    assert "\n" not in found.error
