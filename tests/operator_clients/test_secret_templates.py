"""The Secret as a client's pods want it: names, keys, labels, annotations, and the same secret."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.operator_clients.landscape import Landscape, is_ready

from authly_operator import naming


pytestmark = pytest.mark.control_plane
KEYS: dict[str, Any] = {
    "clientId": "OAUTH_CLIENT_ID",
    "clientSecret": "OAUTH_CLIENT_SECRET",
    "tokenEndpoint": "OAUTH_TOKEN_URL",
}


async def test_the_secret_has_the_keys_that_are_chosen_and_no_other(land: Landscape) -> None:
    made = await land.client("shop", secretTemplate={"keys": KEYS})
    assert is_ready(made), made["status"]
    data = await land.data("shop-oauth")
    assert set(data) == {"OAUTH_CLIENT_ID", "OAUTH_CLIENT_SECRET", "OAUTH_TOKEN_URL"}
    assert data["OAUTH_TOKEN_URL"] == f"{land.database.instance.server.issuer}/token"
    assert land.token(data["OAUTH_CLIENT_ID"], data["OAUTH_CLIENT_SECRET"])[0] == 200
    again = await land.tell("AuthlyClient", "shop")
    assert again["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]


async def test_each_value_goes_by_the_key_that_is_chosen_for_it(land: Landscape) -> None:
    await land.client("plain")
    usual = await land.data("plain-oauth")
    properties = schema("AuthlyClient")["secretTemplate"]["properties"]["keys"]["properties"]
    fields = {naming_of(field): field for field in properties if "privateKey" not in field}
    assert set(fields) == set(usual)
    first = {field: f"FIRST_{name}" for name, field in fields.items()}
    second = {field: f"second.{name}" for name, field in fields.items()}
    await land.client("shop", secretTemplate={"keys": first})
    given = await land.data("shop-oauth")
    expected = usual | {key: given[first[fields[key]]] for key in ("client_id", "client_secret")}
    assert given == {first[fields[name]]: value for name, value in expected.items()}
    assert is_ready(await land.edit("shop", secretTemplate={"keys": second}))
    edited = await land.data("shop-oauth")
    assert edited == {second[fields[name]]: value for name, value in expected.items()}
    assert is_ready(await land.edit("shop", secretTemplate={"keys": None}))
    assert await land.data("shop-oauth") == expected


def schema(kind: str) -> dict[str, Any]:
    """The properties of a kind's spec, as its definition has them."""
    path = Path(__file__).resolve().parents[2] / "crds" / f"{kind.lower()}s.yaml"
    version = yaml.safe_load(path.read_text())["spec"]["versions"][0]
    found: dict[str, Any] = version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    return found


def naming_of(field: str) -> str:
    """The key that a value goes by where none is chosen."""
    return re.sub("([A-Z])", r"_\1", field).lower()


async def test_other_keys_never_cost_a_client_its_secret(land: Landscape) -> None:
    made = await land.client("shop")
    secret = (await land.data("shop-oauth"))["client_secret"]
    for keys in (KEYS, {**KEYS, "clientSecret": "password", "tokenEndpoint": None}, None):
        edited = await land.edit("shop", secretTemplate={"keys": keys})
        assert is_ready(edited), edited["status"]
        assert edited["status"]["verified"] == made["status"]["verified"]
        data = await land.data("shop-oauth")
        assert secret in data.values()
        assert await land.works("shop", secret)
    last = await land.data("shop-oauth")
    assert len(last) == 10
    assert "OAUTH_CLIENT_SECRET" not in last


async def test_keys_and_the_name_may_change_at_once(land: Landscape) -> None:
    await land.client("shop")
    secret = (await land.data("shop-oauth"))["client_secret"]
    moved = await land.edit("shop", secretTemplate={"name": "credentials", "keys": KEYS})
    assert is_ready(moved), moved["status"]
    assert await land.data("shop-oauth") == {}
    assert (await land.data("credentials"))["OAUTH_CLIENT_SECRET"] == secret


async def test_a_secret_edited_by_a_key_of_its_own_is_taken_up(land: Landscape) -> None:
    await land.client("shop", secretTemplate={"keys": KEYS})
    patch = {"stringData": {"OAUTH_CLIENT_SECRET": "edited by hand"}}
    await land.api.merge("Secret", land.place, "shop-oauth", patch)
    assert is_ready(await land.tell("AuthlyClient", "shop"))
    assert land.token(f"{land.place}.shop", "edited by hand")[0] == 200


async def test_a_deleted_secret_comes_back_with_the_same_client_secret(land: Landscape) -> None:
    await land.client("shop", secretTemplate={"keys": KEYS})
    before = await land.data("shop-oauth")
    found = await land.api.get("Secret", land.place, "shop-oauth")
    assert found is not None
    await land.api.delete("Secret", land.place, "shop-oauth", found["metadata"]["uid"])
    assert is_ready(await land.tell("AuthlyClient", "shop"))
    assert await land.data("shop-oauth") == before


async def test_what_spoils_the_note_of_the_keys_is_put_back(land: Landscape) -> None:
    await land.client("shop", secretTemplate={"keys": KEYS})
    before = await land.data("shop-oauth")
    for spoilt in ("{", "[]", '{"client_secret": 1}'):
        note = {"metadata": {"annotations": {naming.SECRET_KEYS_ANNOTATION: spoilt}}}
        await land.api.merge("Secret", land.place, "shop-oauth", note)
        assert is_ready(await land.tell("AuthlyClient", "shop"))
        assert await land.data("shop-oauth") == before


async def test_labels_and_annotations_are_added_changed_and_taken_away(land: Landscape) -> None:
    async def metadata() -> tuple[str | None, str | None]:
        found = await land.api.get("Secret", land.place, "shop-oauth") or {}
        labels, annotations = found["metadata"]["labels"], found["metadata"]["annotations"]
        return labels.get("team"), annotations.get("example.com/reload")

    template = {"labels": {"team": "shop"}, "annotations": {"example.com/reload": "yes"}}
    await land.client("shop", secretTemplate=template)
    assert await metadata() == ("shop", "yes")
    await land.edit("shop", secretTemplate={"labels": {"team": "web"}})
    assert await metadata() == ("web", "yes")
    await land.edit("shop", secretTemplate=None)
    assert await metadata() == (None, None)
    assert await land.works("shop")
