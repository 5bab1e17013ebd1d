from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from authly_operator import crdgen
from authly_operator.api import authly_client, authly_server, client_authentication, duration


FORBIDDEN = {"$ref", "$defs", "anyOf", "const", "title", "uniqueItems", "prefixItems"}


def nodes(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    yield path, schema
    for name, child in schema.get("properties", {}).items():
        yield from nodes(child, f"{path}.{name}")
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from nodes(schema[key], f"{path}[{key}]")


EVERY = [
    (one["spec"]["names"]["kind"] + path, node)
    for one in crdgen.definitions()
    for path, node in nodes(one["spec"]["versions"][0]["schema"]["openAPIV3Schema"])
]


def test_every_field_is_described() -> None:
    bare = [path for path, node in EVERY if not path.endswith("]") and "description" not in node]

    assert bare == []


def test_nothing_is_written_that_a_structural_schema_cannot_say() -> None:
    assert [path for path, node in EVERY if FORBIDDEN & set(node)] == []


def test_every_text_list_and_map_has_a_limit_for_the_cost_of_rules() -> None:
    limits = {"string": {"maxLength", "enum", "format"}, "array": {"maxItems"}}
    limitless = [
        path
        for path, node in EVERY
        if node.get("type") in limits and not limits[node["type"]] & set(node)
    ]
    maps = [
        path
        for path, node in EVERY
        if "additionalProperties" in node and "maxProperties" not in node
    ]

    assert limitless + maps == []


def test_an_object_that_may_be_omitted_shows_its_defaults() -> None:
    spec = crdgen.structural(authly_server.AuthlyServer)["properties"]["spec"]["properties"]

    assert spec["tokens"]["default"]["refreshTokenTTL"] == "168h"
    assert spec["tokens"]["properties"]["accessTokenTTL"]["default"] == "30m"
    assert "default" not in spec["backup"]


def test_a_tuple_is_refused() -> None:
    class Pair(BaseModel):
        pair: tuple[int, str]

    with pytest.raises(ValueError, match="no tuples"):
        crdgen.structural(Pair)  # type: ignore[arg-type]  # any model will do here


def test_the_files_in_crds_are_up_to_date() -> None:
    assert crdgen.main(["--check"]) == 0


def test_a_stale_file_is_named_and_then_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert crdgen.main(["--check", "--directory", str(tmp_path)]) == 1
    assert "authlyservers.yaml: stale" in capsys.readouterr().err
    assert crdgen.main(["--directory", str(tmp_path)]) == 0
    assert crdgen.main(["--check", "--directory", str(tmp_path)]) == 0


@pytest.mark.parametrize(("text", "expected"), [("15m", 900), ("1h30m", 5400), ("0.5m", 30)])
def test_a_duration_is_read_as_seconds(text: str, expected: int) -> None:
    assert duration.seconds(text) == expected


@pytest.mark.parametrize("text", ["", "15", "7d", "-1m", "1h 5m", "m"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        duration.seconds(text)


def test_a_public_client_authenticates_by_nothing() -> None:
    spec = authly_client.Spec.model_validate(
        {"serverRef": {"name": "a"}, "type": "Public", "grantTypes": ["authorization_code"]}
    )

    assert spec.auth_method() is client_authentication.AuthMethod.NONE
