"""The administrators' API is what its description says; docs/admin.md has a line for each path."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.server.http import administering
from tests.server.http.administering import Desk

from authly_server.web.admin.operation import Operation
from authly_server.web.admin.table import OPERATIONS


PAGE = Path(__file__).parents[3] / "docs" / "admin.md"


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return administering.SETTINGS


@pytest.fixture(scope="module")
def described(desk: Desk) -> Any:
    return desk.get("/openapi.json").raise_for_status().json()


def references(value: object) -> Iterator[str]:
    """Every reference in a document."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for each in value.values():
            yield from references(each)
    elif isinstance(value, list):
        for each in value:
            yield from references(each)


def test_it_is_openapi_3_1_of_the_table_and_nothing_else(described: Any) -> None:
    assert described["openapi"] == "3.1.0"
    assert described["servers"] == [{"url": "https://login.example.com/admin/v1"}]
    told = {(path, method.upper()) for path, each in described["paths"].items() for method in each}
    assert told == {(each.path, each.method) for each in OPERATIONS}
    names = [each["operationId"] for path in described["paths"].values() for each in path.values()]
    assert len(names) == len(set(names))


def test_every_reference_leads_somewhere(described: Any) -> None:
    found = set(references(described))
    assert found
    known = {f"#/components/schemas/{name}" for name in described["components"]["schemas"]}
    assert found == known


def test_every_name_in_a_path_is_a_parameter_of_it(described: Any) -> None:
    for path, operations in described["paths"].items():
        for operation in operations.values():
            told = [each["name"] for each in operation["parameters"] if each["in"] == "path"]
            assert told == re.findall(r"{(\w+)}", path)


LISTS = [each for each in OPERATIONS if each.is_list and "{" not in each.path]


@pytest.mark.parametrize("operation", LISTS, ids=lambda each: each.name)
def test_what_is_told_has_the_members_that_are_described(
    desk: Desk, described: Any, operation: Operation
) -> None:
    assert operation.gives is not None
    schema = described["components"]["schemas"][operation.gives.__name__]
    items = desk.get(operation.path).raise_for_status().json()["items"]
    assert items
    for item in items:
        assert set(item) == set(schema["properties"]) == set(schema["required"])
        assert schema["additionalProperties"] is False


def test_what_is_taken_is_an_allow_list(described: Any) -> None:
    schema = described["components"]["schemas"]["ClientChange"]
    assert list(schema["properties"]) == ["enabled"]
    assert schema["additionalProperties"] is False


def test_every_operation_needs_a_token(desk: Desk) -> None:
    for each in OPERATIONS:
        path = re.sub(r"{\w+}", "shop", each.path)
        answer = desk.http.request(each.method, f"/admin/v1{path}")
        assert answer.status_code == 401


def test_the_page_has_a_line_for_each_path_with_its_methods() -> None:
    lines = re.findall(r"^\| `(/[^`]*)` \| ([A-Z, ]+) \|", PAGE.read_text(), re.MULTILINE)
    told = {path: set(methods.split(", ")) for path, methods in lines}
    assert len(told) == len(lines)
    wanted: dict[str, set[str]] = {}
    for each in OPERATIONS:
        wanted.setdefault(each.path, set()).add(each.method)
    assert told == wanted
